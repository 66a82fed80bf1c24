"""Threads for calls that wait for the broker. Publishing, consuming and settling need none.

They are daemons: an interpreter that ends does not wait for a broker that does not answer.
"""

from __future__ import annotations

import os
import queue
import threading
from typing import Any, Callable, List, Optional, Tuple, TypeVar

T = TypeVar("T")
#: Called with the result or the exception, by the thread.
Tell = Callable[[Any, Optional[BaseException]], None]
_Job = Tuple[Tell, Callable[..., Any], Tuple[Any, ...]]

_MAXIMUM = 16
_lock = threading.Lock()
_jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
_count = 0
_busy = 0


def _work() -> None:
    while True:
        _do(*_jobs.get())


def _do(tell: Tell, function: Callable[..., Any], arguments: Tuple[Any, ...]) -> None:
    global _busy
    result, error = None, None
    try:
        result = function(*arguments)
    except BaseException as caught:
        error = caught
    with _lock:
        _busy -= 1
    tell(result, error)


def _has_another() -> bool:
    try:
        threading.Thread(target=_work, name=f"swiftamqp-{_count + 1}", daemon=True).start()
    except RuntimeError:
        # None is to be had, for example because the interpreter ends.
        return False
    return True


def start(tell: Tell, function: Callable[..., Any], *arguments: Any) -> None:
    """Calls a function in one of the threads; right here where there is none."""
    global _count, _busy
    with _lock:
        _busy += 1
        if _busy > _count and _count < _MAXIMUM and _has_another():
            _count += 1
        is_alone = _count == 0
    if is_alone:
        _do(tell, function, arguments)
    else:
        _jobs.put((tell, function, arguments))


def ask(function: Callable[..., T], *arguments: Any) -> T:
    """Calls a function, in the main thread so that a signal ends the wait: the call goes on then, and nobody has its result."""
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    done = threading.Lock()
    done.acquire()
    outcome: List[Tuple[Any, Optional[BaseException]]] = []

    def tell(result: Any, error: Optional[BaseException]) -> None:
        outcome.append((result, error))
        done.release()

    start(tell, function, *arguments)
    done.acquire()
    result, error = outcome.pop()
    if error is None:
        return result  # type: ignore[no-any-return]
    try:
        raise error
    finally:
        # The frame is in the traceback of the exception.
        del error


def _forget() -> None:
    """The child of a fork has none of the threads."""
    global _lock, _jobs, _count, _busy
    _lock, _jobs, _count, _busy = threading.Lock(), queue.SimpleQueue(), 0, 0


os.register_at_fork(after_in_child=_forget)
