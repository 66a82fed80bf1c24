"""SwiftAMQP for Python: a RabbitMQ client that loses nothing.

>>> import swiftamqp
>>> with swiftamqp.connect("amqp://guest:guest@localhost/") as client:
...     client.declare_queue("jobs")
...     client.publish("", "jobs", b"hello")

``swiftamqp.aio`` is the same for asyncio.
"""

from __future__ import annotations

import threading as _threading

from . import _core, _process, _values, errors
from ._client import Client, connect
from ._channel import Channel
from ._consumer import Consumer
from ._core import Delivery, Properties
from ._events import Event
from ._handling import Reject, Requeue, Retry, Settle
from ._publisher import Publisher
from ._subscription import Subscription
from ._values import Field
from .errors import (
    AlreadySettled, AMQPError, AuthenticationError, BatchError, Blocked, Cancelled, ChannelError, Closed, ConnectError,
    ConnectionClosed, ConnectionLost, ConsumerCancelled, Degraded, Forked, InternalError, InvalidArgument, Nacked, NotSent,
    Overflow, ProtocolError, PublishError, ResourceError, Returned, SettleError, Stale, Timeout, TLSError, TooLarge,
    Unknown, Unsupported, WouldBlock, WouldDeadlock)
from .topology import Plan, PlanItem, QueueInfo, Topology

_core.configure(
    errors.from_status, _values.field, _values.value, _values.timestamp, _process.Processing,
    _threading.main_thread().ident or 0)

__version__ = "0.1.0"

TRANSIENT = 1
PERSISTENT = 2


def option_help() -> "dict[str, str]":
    """Every key that ``options`` may have, and what it means, with its type, range and default."""
    return _core.option_help()


__all__ = [
    "AMQPError", "AlreadySettled", "AuthenticationError", "BatchError", "Blocked", "Cancelled", "Channel", "ChannelError",
    "Client", "Closed", "ConnectError", "ConnectionClosed", "ConnectionLost", "Consumer", "ConsumerCancelled", "Degraded",
    "Delivery", "Event", "Field", "Forked", "InternalError", "InvalidArgument", "Nacked", "NotSent", "Overflow",
    "PERSISTENT", "Plan", "PlanItem", "Properties", "ProtocolError", "PublishError", "Publisher", "QueueInfo", "Reject",
    "Requeue", "ResourceError", "Retry", "Returned", "Settle", "SettleError", "Stale", "Subscription", "TLSError",
    "TRANSIENT", "Timeout", "TooLarge", "Topology", "Unknown", "Unsupported", "WouldBlock", "WouldDeadlock", "connect", "option_help",
]
