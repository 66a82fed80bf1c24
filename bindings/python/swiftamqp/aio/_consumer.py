from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, AsyncIterator, Deque, List, Optional

from .. import _core, _events
from .._options import milliseconds
from ..errors import AMQPError, Closed
from ._asking import ask

if TYPE_CHECKING:
    from .._core import Delivery
    from .._options import Time
    from ._client import Client


class Consumer:
    """The deliveries of a queue, over as many connections as it takes: ``async for delivery in consumer``.

    Any number of tasks of one loop may iterate or ask. Settling a delivery never waits: ``delivery.ack()``. The iteration
    ends when the consumer is closed, and raises where something else has ended it.
    """

    __slots__ = ("_client", "_core", "_loop", "_ready", "_waiters", "_is_ended", "_error", "_ending", "__weakref__")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._core: Optional[_core.Consumer] = None
        self._loop = asyncio.get_running_loop()
        self._ready: Deque[Delivery] = deque()
        self._waiters: Deque[asyncio.Future[None]] = deque()
        self._is_ended = False
        self._error: Optional[AMQPError] = None
        self._ending: Optional[asyncio.Future[bool]] = None

    @property
    def tag(self) -> str:
        """Its name at the broker, the same on every connection."""
        return self._core.tag if self._core is not None else ""

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        while True:
            if self._ready:
                return self._ready.popleft()
            if self._is_ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            await self._wait(None)

    async def get(self, timeout: Time = None) -> Optional[Delivery]:
        """The next delivery; None if there is none in time."""
        batch = await self.get_batch(1, timeout)
        return batch[0] if batch else None

    async def get_batch(self, max: int = 256, timeout: Time = None) -> List[Delivery]:
        """Up to max deliveries; waits for the first of them only."""
        if max < 1:
            raise ValueError("max is 1 or more")
        limit = milliseconds(timeout)
        deadline = None if limit is None else self._loop.time() + limit / 1000
        while not self._ready:
            if self._is_ended:
                raise self._error or Closed("the consumer was ended by this program", code=-4, cause=-4)
            left = None if deadline is None else deadline - self._loop.time()
            if left is not None and left <= 0:
                return []
            await self._wait(left)
        ready = self._ready
        return [ready.popleft() for _ in range(min(max, len(ready)))]

    async def close(self, timeout: Time = 0) -> bool:
        """Ends the consumer. What was not given out goes back to the queue; what was is waited for until it is settled,
        for as long as timeout says, and goes back then. Whether all of it was settled."""
        if self._ending is None:
            self._is_ended = True
            self._wake_all()
            # Nobody will settle these; without a time to wait everything goes back together.
            ready = list(self._ready)
            self._ready.clear()
            if milliseconds(timeout) != 0:
                for delivery in ready:
                    if not delivery.is_stale:
                        delivery.nack(requeue=True)
                ready.clear()
            if self._core is None:
                return True
            self._ending = ask(_cancel, self._core, timeout, ready)
        return await asyncio.shield(self._ending)

    async def __aenter__(self) -> Consumer:
        return self

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<swiftamqp.aio.Consumer {self.tag!r}>"

    # ---------------------------------------------------------------- Waiting

    async def _wait(self, timeout: Optional[float]) -> None:
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        handle = None if timeout is None else self._loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            # What woke this task may be for another one.
            if self._ready:
                self._wake_one()
            raise
        finally:
            if handle is not None:
                handle.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _wake_all(self) -> None:
        while self._waiters:
            _wake(self._waiters.popleft())

    # ---------------------------------------------------------------- What the client tells

    def _on_delivery(self, delivery: Delivery) -> None:
        if self._is_ended:
            # It goes back with the consumer.
            return
        self._ready.append(delivery)
        if self._waiters:
            self._wake_one()

    def _on_change(self, state: int, error: Optional[AMQPError]) -> None:
        if state == _events.CONSUMER_ENDED:
            self._end(error)

    def _end(self, error: Optional[AMQPError]) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._error = error
        self._wake_all()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _cancel(core: _core.Consumer, timeout: Time, ready: List[Delivery]) -> bool:
    try:
        return core._cancel(timeout)
    finally:
        # Until here they kept their messages from being given to this consumer again.
        ready.clear()
