from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Optional, Set

from .. import _core, _events, _handling
from .._handling import Settle
from .._options import TIMEOUT, milliseconds
from ..errors import AMQPError, WouldDeadlock
from ._asking import ask

if TYPE_CHECKING:
    from .._core import Delivery
    from .._options import Time
    from ._client import Client

    Handler = Callable[[Delivery], Awaitable[Optional[Settle]]]

#: How often tasks are looked at that should end; only while there are any.
LOOK_EVERY = 0.1


class _Handling(asyncio.Task):  # type: ignore[type-arg]
    """A handler that runs. It knows whether it was cancelled by somebody else, or awaited something that was."""

    delivery: Delivery
    was_cancelled = False
    is_overdue = False

    def cancel(self, *arguments: Any, **keywords: Any) -> bool:
        self.was_cancelled = True
        return super().cancel(*arguments, **keywords)


class Subscription:
    """A consumer with a handler, which runs as a task for each delivery. It goes on until it is closed, or its client is.

    As a context manager it is closed at its end, when the handlers that run have come to theirs.
    """

    def __init__(self, client: Client, queue: str, handler: Handler, settings: _core.Options) -> None:
        self._client = client
        self._queue = queue
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._running: Set[_Handling] = set()
        self._look: Optional[asyncio.TimerHandle] = None
        self._ended: asyncio.Future[Optional[AMQPError]] = self._loop.create_future()
        self._ending: Optional[asyncio.Future[bool]] = None
        user = client._user()
        self._jobs = _core.Jobs(user, True)
        self._core = _core.Consumer(client._core, queue, settings, client._events, user, None, self._jobs)
        self._loop.add_reader(self._jobs.fileno(), self._take)
        client._subscriptions[user] = self

    @property
    def tag(self) -> str:
        """Its name at the broker, the same on every connection."""
        return self._core.tag

    async def wait(self, timeout: Time = None) -> bool:
        """Waits until it has ended, and raises why, if neither this program nor its client's end was the reason. False if the
        time ran out."""
        limit = milliseconds(timeout)
        await asyncio.wait([self._ended], timeout=None if limit is None else limit / 1000)
        if not self._ended.done():
            return False
        error = self._ended.result()
        if error is not None:
            raise error
        return True

    async def close(self, timeout: Time = TIMEOUT) -> bool:
        """Ends it: nothing more is delivered, what no handler has begun goes back to the queue, and the handlers that run are
        waited for. Those that still run when the time runs out are cancelled, and what they have not settled goes back.
        Whether all of it was settled."""
        self._check_may_end()
        if self._ending is None:
            self._ending = ask(self._core._cancel, timeout)
        is_settled = await asyncio.shield(self._ending)
        if not is_settled:
            for task in self._running:
                task.cancel()
        self._end(None)
        return is_settled

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<swiftamqp.aio.Subscription {self.tag!r}>"

    def _check_may_end(self) -> None:
        if asyncio.current_task() in self._running:
            raise WouldDeadlock("a handler cannot wait for its own end", code=-18, cause=-18)

    # ---------------------------------------------------------------- Handling

    def _take(self) -> None:
        for delivery in self._jobs.take_ready():
            task = _Handling(self._handle(delivery), loop=self._loop)
            task.delivery = delivery
            self._running.add(task)
            task.add_done_callback(self._done)
        if self._look is None and self._running:
            self._look = self._loop.call_later(LOOK_EVERY, self._cancel_overdue)

    async def _handle(self, delivery: Delivery) -> int:
        return _handling.settlement(await self._handler(delivery))

    def _done(self, task: _Handling) -> None:
        self._running.discard(task)
        if task.cancelled():
            # By itself it is a failure: else what awaits something that is always cancelled would go round in a circle.
            is_ending = task.was_cancelled and not task.is_overdue
            answer: int = Settle.REQUEUE if is_ending else Settle.RETRY
        else:
            error = task.exception()
            answer = task.result() if error is None else _handling.failed(self._queue, error)
        task.delivery._answer(answer)

    def _cancel_overdue(self) -> None:
        """The library marks deliveries whose handlers should end."""
        for task in self._running:
            if not task.is_overdue and task.delivery.is_cancelled:
                _events.logger.warning("a handler of queue '%s' is overdue, and is cancelled", self._queue)
                task.is_overdue = True
                task.cancel()
        self._look = self._loop.call_later(LOOK_EVERY, self._cancel_overdue) if self._running else None

    # ---------------------------------------------------------------- What the client tells

    def _on_change(self, state: int, error: Optional[AMQPError]) -> None:
        if state == _events.CONSUMER_ENDED:
            self._end(error)

    def _end(self, error: Optional[AMQPError]) -> None:
        if self._ended.done():
            return
        self._ended.set_result(error)
        self._loop.remove_reader(self._jobs.fileno())
        self._jobs.end()
