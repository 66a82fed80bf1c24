"""Handlers: what they say of a delivery, and what becomes of one whose handler has failed."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Dict, Mapping, NamedTuple, Optional, Sequence, Union

from . import _core, _events, _options
from .errors import Forked

if TYPE_CHECKING:
    from ._options import Options, Time


class Settle(enum.IntEnum):
    """What a handler may return. Nothing, None, is ACK; raising is RETRY."""

    #: Handled.
    ACK = 0
    #: Dead-lettered where the queue says so, else dropped.
    REJECT = 1
    #: Back to its place in the queue, at once.
    REQUEUE = 2
    #: It failed: what happens is the policy.
    RETRY = 3
    #: The program settles the delivery later.
    LEFT = 4


class Requeue(NamedTuple):
    """A delivery whose handler failed is held for a while, then goes back to its place in the queue; after ``limit`` failures
    it is rejected, or parked: in "<queue>.parked" with ``park=True``, or in the queue that ``park`` names."""

    #: Up to 19; None for no limit.
    limit: Optional[int] = 5
    initial: Time = 0.2
    maximum: Time = 10
    multiplier: float = 2
    park: Union[bool, str] = False


class Retry(NamedTuple):
    """A copy waits in queues at the broker, the first time for the first of ``delays``, and so on; after ``limit`` failures it
    is parked, in "<queue>.parked" or the queue that ``park`` names, or with ``park=False`` rejected."""

    delays: Sequence[Time] = (1, 10, 60)
    limit: Optional[int] = 5
    park: Union[bool, str] = True
    #: "quorum" or "classic".
    queue_kind: str = "quorum"


class Reject(NamedTuple):
    """A delivery whose handler failed is rejected at once: dead-lettered where the queue says so, else dropped."""


FailurePolicy = Union[Requeue, Retry, Reject]


def _settings_of(policy: FailurePolicy) -> Dict[str, Any]:
    if isinstance(policy, Reject):
        return {"failures.policy": "reject"}
    settings: Dict[str, Any] = {
        "failures.limit": policy.limit, "failures.then": "park" if policy.park else "reject"}
    if isinstance(policy.park, str):
        settings["failures.park_queue"] = policy.park
    if isinstance(policy, Requeue):
        _options.add(
            settings, failures__policy="requeue", failures__initial_ms=_options.milliseconds(policy.initial),
            failures__max_ms=_options.milliseconds(policy.maximum), failures__multiplier=policy.multiplier)
    else:
        _options.add(
            settings, failures__policy="retry", failures__queue_kind=policy.queue_kind,
            failures__delays_ms=",".join(str(_options.milliseconds(delay)) for delay in policy.delays))
    return settings


def options(
    prefetch: Optional[int], concurrency: int, on_failure: Optional[FailurePolicy], deadline: Time, tag: Optional[str],
    exclusive: bool, arguments: Optional[Mapping[str, Any]], more: Options,
) -> _core.Options:
    settings: Dict[str, Any] = {"consumer.max_concurrency": concurrency}
    if on_failure is not None:
        settings.update(_settings_of(on_failure))
    _options.add(settings, handler__deadline_ms=_options.milliseconds(deadline))
    settings.update(more or {})
    if prefetch is None and concurrency > 64:
        prefetch = concurrency
    return _options.for_consumer(prefetch, False, tag, exclusive, arguments, settings)


def settlement(result: object) -> int:
    """The number of what a handler has returned."""
    if result is None:
        return Settle.ACK
    if isinstance(result, Settle):
        return result
    raise TypeError(f"a handler returns None or a Settle, not {result!r}")


def failed(queue: str, error: BaseException) -> int:
    """What becomes of a delivery whose handler raised."""
    if not isinstance(error, Exception):
        # A program that is being ended has not failed at this message.
        return Settle.REQUEUE
    _events.logger.error("a handler of queue '%s' failed", queue, exc_info=error)
    return Settle.RETRY


def end(jobs: _core.Jobs) -> None:
    """What nobody has taken goes back. In the child of a fork there is nothing to be ended."""
    try:
        jobs.end()
    except Forked:
        pass
