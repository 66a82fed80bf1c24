"""Exchanges, queues and bindings that have to be there, as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Optional, Tuple

from . import _core

if TYPE_CHECKING:
    Arguments = Optional[Mapping[str, Any]]

DURABLE, EXCLUSIVE, AUTO_DELETE, INTERNAL, QUORUM, IF_UNUSED, IF_EMPTY = 1, 2, 4, 8, 16, 32, 64


class QueueInfo(NamedTuple):
    """What is known of a queue."""

    name: str
    #: Messages that are ready.
    messages: int
    consumers: int


class PlanItem(NamedTuple):
    #: "exists", "missing", "differs", "unknown" or "refused".
    finding: str
    text: str


class Plan(NamedTuple):
    """What applying a topology would do."""

    #: Whether applying it would succeed, as far as one can tell.
    is_applicable: bool
    items: List[PlanItem]

    @classmethod
    def _of(cls, result: Tuple[bool, List[Tuple[int, str]]]) -> Plan:
        is_applicable, items = result
        return cls(is_applicable, [PlanItem(FINDINGS.get(finding, "?"), text) for finding, text in items])


FINDINGS = {1: "exists", 2: "missing", 3: "differs", 4: "unknown", 5: "refused"}


def flags(durable: bool, exclusive: bool = False, auto_delete: bool = False, internal: bool = False,
          quorum: bool = False) -> int:
    return (
        (DURABLE if durable else 0) | (EXCLUSIVE if exclusive else 0) | (AUTO_DELETE if auto_delete else 0)
        | (INTERNAL if internal else 0) | (QUORUM if quorum else 0))


def delete_flags(if_unused: bool, if_empty: bool = False) -> int:
    return (IF_UNUSED if if_unused else 0) | (IF_EMPTY if if_empty else 0)


class Topology:
    """What a client declares on every connection, before anything else. Each method returns the topology itself."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: List[Tuple[str, Tuple[Any, ...]]] = []

    def exchange(
        self, name: str, type: str = "direct", *, durable: bool = True, auto_delete: bool = False,
        internal: bool = False, arguments: Arguments = None,
    ) -> Topology:
        bits = flags(durable, auto_delete=auto_delete, internal=internal)
        self._entries.append(("add_exchange", (name, type, bits, arguments)))
        return self

    def queue(
        self, name: str, *, durable: bool = True, exclusive: bool = False, auto_delete: bool = False,
        quorum: bool = False, arguments: Arguments = None,
    ) -> Topology:
        bits = flags(durable, exclusive, auto_delete, quorum=quorum)
        self._entries.append(("add_queue", (name, bits, arguments)))
        return self

    def bind(self, queue: str, exchange: str, routing_key: str = "", *, arguments: Arguments = None) -> Topology:
        self._entries.append(("add_binding", (queue, exchange, routing_key, arguments)))
        return self

    def bind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, arguments: Arguments = None
    ) -> Topology:
        """What ``source`` routes to ``destination``, which is an exchange as well."""
        self._entries.append(("add_exchange_binding", (destination, source, routing_key, arguments)))
        return self

    def _make(self) -> _core.Topology:
        topology = _core.Topology()
        for name, arguments in list(self._entries):
            getattr(topology, name)(*arguments)
        return topology
