"""Threads for calls that wait for the broker. Publishing, consuming and settling need none.

They are daemons: an interpreter that ends does not wait for a broker that does not answer.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any, Callable, Tuple, TypeVar

T = TypeVar("T")
_Job = Tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], Tuple[Any, ...]]

_MAXIMUM = 16
_lock = threading.Lock()
_jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
_count = 0
_busy = 0


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    # A task that was cancelled waits for nothing any more.
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _work() -> None:
    global _busy
    while True:
        loop, future, function, arguments = _jobs.get()
        result, error = None, None
        try:
            result = function(*arguments)
        except BaseException as caught:
            error = caught
        with _lock:
            _busy -= 1
        try:
            loop.call_soon_threadsafe(_settle, future, result, error)
        except RuntimeError:
            # The loop was closed meanwhile.
            pass
        # Nothing of the call lives until the next one.
        del loop, future, function, arguments, result, error


def run(function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Calls a function in one of the threads. Cancelling the future does not end the call."""
    global _count, _busy
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    with _lock:
        _busy += 1
        if _busy > _count and _count < _MAXIMUM:
            _count += 1
            threading.Thread(target=_work, name=f"swiftamqp-{_count}", daemon=True).start()
    _jobs.put((loop, future, function, arguments))
    return future
