from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Optional

from . import _core, _events, _handling, _watch
from ._options import TIMEOUT, milliseconds
from ._threads import ask
from .errors import WouldDeadlock

if TYPE_CHECKING:
    from ._client import Client
    from ._core import Delivery
    from ._handling import Settle
    from ._options import Time

    Handler = Callable[[Delivery], Optional[Settle]]


class Subscription:
    """A consumer with a handler, which threads of this package call. It goes on until it is closed, or its client is.

    As a context manager it is closed at its end, when the handlers that run have come to theirs.
    """

    def __init__(
        self, client: Client, queue: str, handler: Handler, concurrency: int, settings: _core.Options
    ) -> None:
        self._client = client
        self._ended = threading.Event()
        self._error: Optional[BaseException] = None
        number = _events.number()
        self._jobs = _core.Jobs(number, False)
        _watch.register(number, self)
        self._core = _core.Consumer(client._core, queue, settings, _watch.events(), number, None, self._jobs)
        # They hold nothing that would keep the consumer when nobody else has it any more.
        self._threads = [
            threading.Thread(target=_work, args=(self._jobs, handler, queue), name=f"swiftamqp-{queue}-{n}", daemon=True)
            for n in range(concurrency)]
        for thread in self._threads:
            thread.start()

    @property
    def tag(self) -> str:
        """Its name at the broker, the same on every connection."""
        return self._core.tag

    def wait(self, timeout: Time = None) -> bool:
        """Waits until it has ended, and raises why, if neither this program nor its client's end was the reason. False if the
        time ran out."""
        limit = milliseconds(timeout)
        if not self._ended.wait(None if limit is None else limit / 1000):
            return False
        if self._error is not None:
            raise self._error
        return True

    def close(self, timeout: Time = TIMEOUT) -> bool:
        """Ends it: nothing more is delivered, what no handler has begun goes back to the queue, and the handlers that run are
        waited for. What they have not settled when the time runs out goes back. Whether all of it was settled."""
        self._check_may_end()
        is_settled = ask(self._core._cancel, timeout)
        self._end(None)
        if is_settled:
            for thread in self._threads:
                thread.join()
        return is_settled

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.close()

    def __del__(self) -> None:
        jobs = getattr(self, "_jobs", None)
        if jobs is not None:
            # The threads end.
            _handling.end(jobs)

    def __repr__(self) -> str:
        return f"<Subscription {self.tag!r}>"

    def _check_may_end(self) -> None:
        if threading.current_thread() in self._threads:
            raise WouldDeadlock("a handler cannot wait for its own end", code=-18, cause=-18)

    def _end(self, error: Optional[BaseException]) -> None:
        if not self._ended.is_set():
            self._error = error
            self._ended.set()
        self._jobs.end()
        self._client._subscriptions.discard(self)

    def _tell(self, event: Any) -> None:
        if event[2] == _events.CONSUMER_ENDED:
            self._end(event[4])
        _events.tell(self._client._on_event, event)


def _work(jobs: _core.Jobs, handler: Handler, queue: str) -> None:
    while True:
        delivery = jobs.take()
        if delivery is None:
            return
        try:
            answer = _handling.settlement(handler(delivery))
        except BaseException as error:
            answer = _handling.failed(queue, error)
        delivery._answer(answer)
        # Nothing of it lives until the next one.
        del delivery
