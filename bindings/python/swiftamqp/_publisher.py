from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from .errors import BatchError

if TYPE_CHECKING:
    from ._options import Time


class Publisher(_core.Publisher):
    """Publishes in order, with confirms, over as many connections as that takes. For any number of threads.

    ``publish`` waits for the confirm of one message. ``enqueue`` hands messages in, many at a time, and ``flush`` waits
    for the confirms of all of them. As a context manager it is flushed at its end.
    """

    __slots__ = ("__weakref__",)

    def flush(self, timeout: Time = None) -> int:
        """Waits until everything that was enqueued has its outcome.

        Gives how many were confirmed since the last flush; raises BatchError if any was not, and Timeout if the time runs
        out, after which the next flush tells all of it. Without a timeout it ends by the deadlines of the publishes. Where
        several threads enqueue, what they enqueue meanwhile is waited for, too.
        """
        confirmed, failed, failures = self._flush(timeout)
        if failed:
            raise BatchError(confirmed, failed, failures)
        return confirmed

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if kind is None:
            self.flush()
