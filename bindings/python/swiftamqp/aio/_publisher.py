from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from .. import _core
from .._options import milliseconds
from ..errors import AMQPError, BatchError, NotSent, Timeout, Unknown

if TYPE_CHECKING:
    from .._core import Body, Properties
    from .._options import Time
    from ._client import Client

#: So many failures are kept one by one until flush() tells them; more are counted.
FAILURES_KEPT = 1000
YIELD_EVERY = 128


class _Enqueued(asyncio.Future):  # type: ignore[type-arg]
    """The future of a publish that perhaps nobody awaits: flush() tells its failure, too."""


class Publisher:
    """Publishes in order, with confirms, over as many connections as that takes. For any number of tasks of one loop.

    ``publish`` returns when the broker has confirmed the message. ``enqueue`` returns when the message was taken, and gives
    a future for its outcome; ``flush`` waits for all of them. As a context manager it is flushed at its end.
    """

    __slots__ = ("_client", "_core", "_loop", "_try", "_pending", "_waiting", "_gate", "_writable", "_idle", "_enqueued", "_ended", "_failed",
                 "_failures", "__weakref__")

    def __init__(self, client: Client, options: _core.Options, events: _core.Events, user: int) -> None:
        # The client takes the events: it has to be there as long as outcomes are awaited.
        self._client = client
        self._core = _core.EventPublisher(client._core, options, events, user)
        self._try = self._core.try_publish
        self._loop = asyncio.get_running_loop()
        self._pending: Dict[int, asyncio.Future[None]] = {}
        self._waiting = 0
        self._gate = asyncio.Lock()
        self._writable: Optional[asyncio.Future[None]] = None
        self._idle: List[asyncio.Future[None]] = []
        self._enqueued = 0
        self._ended = 0
        self._failed = 0
        self._failures: List[Tuple[int, AMQPError]] = []

    async def publish(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, once: bool = False, timeout: Time = None,
    ) -> None:
        """Returns when the broker has confirmed the message; raises Nacked, Returned, Unknown or NotSent otherwise.

        When ``timeout`` has passed it raises NotSent where the message was not taken yet, else Unknown: it goes on its way,
        by the publisher's deadline. A task that is cancelled before the message was taken has published nothing; later, the
        message goes on its way.
        """
        if timeout is not None:
            return await self._publish_within(timeout, exchange, routing_key, body, properties, mandatory, once)
        tag = None
        if not self._waiting:
            tag = self._try(exchange, routing_key, body, properties, mandatory, once)
        if tag is None:
            tag = await self._when_there_is_room(exchange, routing_key, body, properties, mandatory, once)
        future = self._pending[tag] = self._loop.create_future()
        await future

    async def enqueue(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, once: bool = False,
    ) -> asyncio.Future[None]:
        """Hands a message in, and gives a future for its outcome. Waits only for room."""
        tag = None
        self._enqueued += 1
        if self._enqueued % YIELD_EVERY == 0:
            # Where there is always room, nothing else would ever run.
            await asyncio.sleep(0)
        if not self._waiting:
            tag = self._try(exchange, routing_key, body, properties, mandatory, once)
        if tag is None:
            tag = await self._when_there_is_room(exchange, routing_key, body, properties, mandatory, once)
        if not self._pending:
            # Where the program keeps nothing but the future.
            self._client._busy.add(self)
        future = self._pending[tag] = _Enqueued(loop=self._loop)
        return future

    async def flush(self, timeout: Time = None) -> int:
        """Waits until everything that was handed in has its outcome.

        Gives how many of the enqueued were confirmed since the last flush; raises BatchError if any was not, and Timeout
        if the time runs out. Without a timeout it ends by the deadlines of the publishes.
        """
        limit = milliseconds(timeout)
        deadline = None if limit is None else self._loop.time() + limit / 1000
        while self._pending:
            future = self._loop.create_future()
            self._idle.append(future)
            left = None if deadline is None else deadline - self._loop.time()
            done, _ = await asyncio.wait([future], timeout=left)
            if not done and self._pending:
                raise Timeout("some publishes have no outcome yet", code=-2, cause=-2, is_retriable=True)
        ended, failed, failures = self._ended, self._failed, self._failures
        self._ended, self._failed, self._failures = 0, 0, []
        if failed:
            raise BatchError(ended - failed, failed, failures)
        return ended

    @property
    def unconfirmed(self) -> int:
        """How many publishes have no outcome yet."""
        return len(self._pending)

    # ---------------------------------------------------------------- Time

    async def _publish_within(self, timeout: Time, *arguments: Any) -> None:
        deadline = self._loop.time() + (milliseconds(timeout) or 0) / 1000
        tag = await self._taken_by(deadline, arguments)
        if tag is None:
            raise NotSent(
                "there was no room for the message in time; nothing of it was sent", code=-15, cause=-2, is_retriable=True)
        future = self._pending[tag] = self._loop.create_future()
        timer = self._loop.call_at(deadline, self._on_outcome, tag, Unknown(
            "the message has no confirm in time; it may still get one", code=-14, cause=-2, is_retriable=True))
        try:
            await future
        finally:
            timer.cancel()

    async def _taken_by(self, deadline: float, arguments: Tuple[Any, ...]) -> Optional[int]:
        left = deadline - self._loop.time()
        if left <= 0:
            return None
        tag = self._try(*arguments) if not self._waiting else None
        if tag is not None:
            return tag
        taking = self._loop.create_task(self._when_there_is_room(*arguments))
        try:
            await asyncio.wait([taking], timeout=left)
        finally:
            # Nothing where it is over. Else it ends without a publish.
            taking.cancel()
        await asyncio.wait([taking])
        return None if taking.cancelled() else taking.result()

    # ---------------------------------------------------------------- Room

    async def _when_there_is_room(self, *arguments: Any) -> int:
        """Those who wait are served in their order, before anybody who comes later."""
        self._waiting += 1
        try:
            async with self._gate:
                while True:
                    tag = self._try(*arguments)
                    if tag is not None:
                        return tag
                    # An event follows a refusal; one of an earlier refusal only makes this try once more.
                    self._writable = self._loop.create_future()
                    await self._writable
        finally:
            self._waiting -= 1

    # ---------------------------------------------------------------- What the client tells

    def _on_outcome(self, tag: int, error: Optional[AMQPError]) -> None:
        future = self._pending.pop(tag, None)
        if future is None:
            return
        if isinstance(future, _Enqueued):
            self._ended += 1
            if error is not None:
                self._failed += 1
                if len(self._failures) < FAILURES_KEPT:
                    self._failures.append((tag, error))
        if not future.done():
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
                if isinstance(future, _Enqueued):
                    # flush() tells it: it counts as seen.
                    future.exception()
        if not self._pending:
            self._client._busy.discard(self)
            if self._idle:
                self._tell_idle()

    def _on_writable(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _tell_idle(self) -> None:
        idle, self._idle = self._idle, []
        for future in idle:
            if not future.done():
                future.set_result(None)

    def _abandon(self) -> None:
        """No event comes any more."""
        for tag in list(self._pending):
            self._on_outcome(tag, Unknown("the client was given up before the outcome was known", code=-14, cause=-4))
        # Who waits for room tries again, and is told that the client is closed.
        self._on_writable()

    async def __aenter__(self) -> Publisher:
        return self

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if kind is None:
            await self.flush()
