"""One thread for the events of all clients of the synchronous API: states and lines for the log.

It is a daemon: an interpreter that ends does not wait for clients that nobody has closed.
"""

from __future__ import annotations

import atexit
import threading
import weakref
from typing import Any, Dict, Optional, Protocol

from . import _core, _events


class Listener(Protocol):
    def _tell(self, event: Any) -> None: ...


_lock = threading.Lock()
_queue: Optional[_core.Events] = None
_listeners: Dict[int, weakref.ref[Listener]] = {}
_is_ending = False


def events() -> _core.Events:
    """The queue, with a thread that takes what comes."""
    global _queue
    with _lock:
        if _queue is None:
            _queue = _core.Events()
            thread = threading.Thread(target=_run, args=(_queue,), name="swiftamqp-events", daemon=True)
            thread.start()
            atexit.register(_end, _queue, thread)
        return _queue


def register(user: int, listener: Listener) -> None:
    """Has it told the events with this number, as long as somebody else has it."""
    _listeners[user] = weakref.ref(listener, lambda _: _listeners.pop(user, None))


def _run(queue: _core.Events) -> None:
    while not _is_ending:
        try:
            batch = queue.poll()
        except Exception:
            # The child of a fork has no such thread; what else may come here ends it.
            if not _is_ending:
                _events.logger.exception("the events of clients are not told any more")
            return
        for event in batch:
            if event[0] == _events.LOG:
                _events.log(event[2], event[3])
                continue
            reference = _listeners.get(event[1])
            listener = reference() if reference is not None else None
            if listener is not None:
                listener._tell(event)
            del listener


def _end(queue: _core.Events, thread: threading.Thread) -> None:
    global _is_ending
    _is_ending = True
    try:
        queue.wakeup()
    except Exception:
        # In the child of a fork there is nothing to be ended.
        return
    thread.join(1.0)
