from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _core
from ._options import TIMEOUT
from ._threads import ask
from .topology import QueueInfo

if TYPE_CHECKING:
    from ._core import Body, Delivery, Properties
    from ._options import Time


def publish_flags(mandatory: bool) -> int:
    return 0 if mandatory else 1


class Channel:
    """A channel of one connection: basic.get, transactions, passive declares. It does not outlive its connection, and an
    operation that the broker refuses ends it."""

    __slots__ = ("_core", "__weakref__")

    def __init__(self, client: _core.Client, timeout: Time) -> None:
        self._core = ask(_core.Channel, client, timeout)

    @property
    def is_open(self) -> bool:
        return self._core.is_open

    def get(self, queue: str, *, auto_ack: bool = False, timeout: Time = TIMEOUT) -> Optional[Delivery]:
        """The next message of a queue; None if it is empty."""
        return ask(self._core.get, queue, auto_ack, timeout)

    def publish(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, timeout: Time = TIMEOUT,
    ) -> None:
        """Returns when the broker has confirmed it; in a transaction at once. Never sent again."""
        ask(self._core.publish, exchange, routing_key, body, properties, publish_flags(mandatory), timeout)

    def check_queue(self, name: str, *, timeout: Time = TIMEOUT) -> QueueInfo:
        """Declares it passively: ChannelError with 404 if it is not there."""
        return QueueInfo(*ask(self._core.check_queue, name, timeout))

    def check_exchange(self, name: str, *, timeout: Time = TIMEOUT) -> None:
        ask(self._core.check_exchange, name, timeout)

    def recover(self, *, timeout: Time = TIMEOUT) -> None:
        """What was delivered here and not settled comes again."""
        ask(self._core.recover, timeout)

    def tx_select(self, *, timeout: Time = TIMEOUT) -> None:
        ask(self._core.tx_select, timeout)

    def tx_commit(self, *, timeout: Time = TIMEOUT) -> None:
        ask(self._core.tx_commit, timeout)

    def tx_rollback(self, *, timeout: Time = TIMEOUT) -> None:
        ask(self._core.tx_rollback, timeout)

    def close(self, *, timeout: Time = TIMEOUT) -> None:
        """Closes it. What was not settled goes back to its queue."""
        ask(self._core.close, timeout)

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        from .errors import AMQPError

        try:
            self.close()
        except AMQPError:
            # One that is gone is closed.
            pass
