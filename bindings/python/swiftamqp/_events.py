"""What happens to a client, for its program and for the log."""

from __future__ import annotations

import itertools
import logging
from typing import Any, Callable, NamedTuple, Optional, Tuple

from .errors import AMQPError

STATE, CONFIRM, DELIVERY, CONSUMER, BLOCKED, WRITABLE, TOPOLOGY, LOG = 1, 2, 3, 4, 6, 7, 8, 9
STATES = {1: "connecting", 2: "open", 3: "recovering", 4: "degraded", 5: "blocked", 6: "closing", 7: "closed"}
CONSUMER_SUBSCRIBED, CONSUMER_LOST, CONSUMER_PAUSED, CONSUMER_ENDED = 1, 2, 3, 4
_NAMES = {STATE: "state", CONSUMER: "consumer", BLOCKED: "blocked", TOPOLOGY: "topology"}
_CONSUMER_STATES = {1: "subscribed", 2: "lost", 3: "paused", 4: "ended"}

logger = logging.getLogger("swiftamqp")
# A program that has not configured logging sees nothing of it.
logger.addHandler(logging.NullHandler())

_numbers = itertools.count(1)


def number() -> int:
    """A number of this process for a client, a publisher or a consumer in events."""
    return next(_numbers)


class Event(NamedTuple):
    """Something happened to a client.

    ======================  ============================================================  ==============================
    type                    value                                                         text
    ======================  ============================================================  ==============================
    "state"                 "connecting", "open", "recovering", "degraded", "blocked",    the reason
                            "closing", "closed"
    "blocked"               True: the broker takes no publishes; False: it does again     the reason
    "topology"              how many entities could not be declared on a new connection   which
    "consumer"              "subscribed", "lost", "paused", "ended"                       its tag
    ======================  ============================================================  ==============================
    """

    type: str
    value: Any
    text: str
    error: Optional[AMQPError]


EventHandler = Optional[Callable[[Event], None]]


def log(level: int, text: str) -> None:
    # DEBUG is 1 here and 10 there, and so on.
    logger.log(level * 10, "%s", text)


def tell(handler: EventHandler, event: Tuple[Any, ...]) -> None:
    """Gives an event to the program's function, whose exceptions are logged: nothing of the library depends on them."""
    if handler is None:
        return
    kind, _, value, text, error = event
    name = _NAMES.get(kind)
    if name is None:
        return
    if kind == STATE:
        value = STATES.get(value, str(value))
    elif kind == CONSUMER:
        value = _CONSUMER_STATES.get(value, str(value))
    elif kind == BLOCKED:
        value = bool(value)
    try:
        handler(Event(name, value, text, error))
    except Exception:
        logger.exception("the function for events of a client failed")
