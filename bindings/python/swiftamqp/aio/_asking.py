from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional, TypeVar

from .. import _threads

T = TypeVar("T")


def ask(function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Calls a function in a thread. Cancelling the future does not end the call."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(result: Any, error: Optional[BaseException]) -> None:
        try:
            loop.call_soon_threadsafe(_settle, future, result, error)
        except RuntimeError:
            # The loop was closed meanwhile.
            pass

    _threads.start(tell, function, *arguments)
    return future


def _settle(future: asyncio.Future[Any], result: Any, error: Optional[BaseException]) -> None:
    # A task that was cancelled waits for nothing any more.
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
