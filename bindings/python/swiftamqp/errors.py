"""What can go wrong, as exceptions. Catch AMQPError for all of it.

A publish that did not end well raises Nacked, Returned, Unknown or NotSent; they differ in whether a queue may have the
message, which decides whether it may be sent again:

=========  =====================  =================================
exception  in a queue?            sending it again may duplicate it
=========  =====================  =================================
Nacked     perhaps                perhaps
Returned   no                     no
Unknown    perhaps                yes
NotSent    no                     no
=========  =====================  =================================
"""

from __future__ import annotations

import builtins
from typing import Dict, List, Optional, Tuple, Type

from . import _core


class AMQPError(Exception):
    """Something failed. ``message`` says what happened, where, and what to do about it; no secret is ever in it."""

    #: The status of the library, for example -2.
    code: int = 0
    #: Why, where a publish ended; for everything else the same as ``code``.
    cause: int = 0
    message: str = ""
    #: The broker's reply code, for example 404; 0 if it said none.
    reply_code: int = 0
    #: errno of the system call that failed; 0 if none did.
    errno: Optional[int] = 0
    #: "host:port/vhost" where one is known.
    endpoint: str = ""
    #: Whether the same call may succeed later without a change of the program or of the broker's configuration. For a
    #: publish this does not say whether a queue has the message: see the type of the exception.
    is_retriable: bool = False

    def __init__(
        self,
        message: str = "",
        *,
        code: int = 0,
        cause: int = 0,
        reply_code: int = 0,
        errno: Optional[int] = 0,
        endpoint: str = "",
        is_retriable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.cause = cause
        self.message = message
        self.reply_code = reply_code
        self.errno = errno
        self.endpoint = endpoint
        self.is_retriable = is_retriable

    def __str__(self) -> str:
        return self.message or self.code_name

    @property
    def code_name(self) -> str:
        """For example "SAMQP_ERR_TIMEOUT"."""
        return _core.status_name(self.code)

    @property
    def cause_name(self) -> str:
        return _core.status_name(self.cause)

    def __reduce__(self) -> Tuple[object, ...]:
        state = (
            self.code, self.cause, self.message, self.reply_code, self.errno, self.endpoint, self.is_retriable)
        return (from_status, state)


class InvalidArgument(AMQPError, ValueError):
    """An argument does not fit into the protocol, or an option has an unknown key or a bad value."""


class Timeout(AMQPError, builtins.TimeoutError):
    """The time ran out. What was asked for may still happen."""


class Cancelled(AMQPError):
    """The operation was given up by this program."""


class Closed(AMQPError):
    """The client, publisher, consumer or channel was closed by this program."""


class ConnectError(AMQPError, builtins.ConnectionError):
    """No connection came about."""


class TLSError(ConnectError):
    """TLS failed: the chain, the host name, or the handshake."""


class AuthenticationError(ConnectError):
    """The broker refused the credentials or the virtual host."""


class ProtocolError(AMQPError):
    """The broker sent bytes that break the protocol or a limit of this client."""


class ConnectionClosed(AMQPError, builtins.ConnectionError):
    """The broker closed the connection; ``reply_code`` has its number."""


class ConnectionLost(AMQPError, builtins.ConnectionError):
    """A reset, the end of the stream, or nothing heard for the heartbeat timeout."""


class ChannelError(AMQPError):
    """The broker refused an operation (404, 406, ...); ``reply_code`` has its number."""


class PublishError(AMQPError):
    """A publish that was not confirmed. ``cause`` says why."""


class Nacked(PublishError):
    """The broker refused it. That is no proof that no queue has it."""


class Returned(PublishError):
    """The broker could route it to no queue. It is in no queue."""


class Unknown(PublishError):
    """It may or may not be in its queues."""


class NotSent(PublishError):
    """Nothing of it was sent. It is in no queue."""


class Blocked(AMQPError):
    """The broker takes no publishes at present."""


class WouldBlock(AMQPError, BlockingIOError):
    """There is no room now."""


class WouldDeadlock(AMQPError):
    """The call would wait for its own caller."""


class SettleError(AMQPError):
    """A delivery that cannot be settled. Nothing was written."""


class Stale(SettleError):
    """Its channel is gone; the broker delivers the message again."""


class AlreadySettled(SettleError):
    """It was settled before, or by the broker (automatic acknowledgement)."""


class ConsumerCancelled(AMQPError):
    """The broker ended the consumer, for example because its queue was deleted."""


class Overflow(AMQPError):
    """A consumer with automatic acknowledgement fell behind further than its buffer allows."""


class TooLarge(AMQPError, ValueError):
    """A message or its properties exceed a limit of the connection."""


class Forked(AMQPError):
    """This process is a child of fork(2), whose parent had used the library before. Connect in the child, in a process
    that was made with the start method "spawn" or "forkserver", or fork before the first use."""


class Unsupported(AMQPError):
    """What was asked for is not supported by this build."""


class ResourceError(AMQPError, MemoryError):
    """Memory, threads, descriptors or channel numbers ran out."""


class InternalError(AMQPError):
    """A fault of the library. Please report it."""


class Degraded(AMQPError):
    """What was declared is there, but not all of it; it is tried again by itself."""


class BatchError(PublishError):
    """Some of the publishes that a flush waited for were not confirmed."""

    #: How many were confirmed, and how many were not.
    confirmed: int = 0
    failed: int = 0
    #: Tag and exception of each, the first thousand.
    failures: List[Tuple[int, AMQPError]]

    def __init__(self, confirmed: int, failed: int, failures: List[Tuple[int, AMQPError]]) -> None:
        first = failures[0][1] if failures else AMQPError()
        super().__init__(
            f"{failed} of {failed + confirmed} publishes were not confirmed, the first: {first}",
            code=first.code, cause=first.cause, reply_code=first.reply_code, errno=first.errno,
            endpoint=first.endpoint, is_retriable=first.is_retriable)
        self.confirmed = confirmed
        self.failed = failed
        self.failures = failures

    def __reduce__(self) -> Tuple[object, ...]:
        return (BatchError, (self.confirmed, self.failed, self.failures))


_CLASSES: Dict[int, Type[AMQPError]] = {
    -1: InvalidArgument, -2: Timeout, -3: Cancelled, -4: Closed, -5: ConnectError, -6: TLSError,
    -7: AuthenticationError, -8: ProtocolError, -9: ConnectionClosed, -10: ConnectionLost, -11: ChannelError, -12: Nacked,
    -13: Returned, -14: Unknown, -15: NotSent, -16: Blocked, -17: WouldBlock, -18: WouldDeadlock, -19: Stale,
    -20: AlreadySettled, -21: ConsumerCancelled, -22: Overflow, -23: TooLarge, -24: Forked, -25: Unsupported,
    -26: ResourceError, -27: InternalError, -30: Degraded,
}

_MESSAGES = {
    -1: "an argument does not fit into AMQP: a name has more than 255 bytes, or a flag does not apply here",
    -19: "the channel of this delivery is gone; nothing was written, and the broker delivers it again",
    -20: "this delivery was settled before",
    -24: "this process is a child of fork(2) and cannot use the connections of its parent: "
         'use the start method "spawn" or "forkserver", or fork before the first use',
}


def from_status(
    code: int, cause: int, message: str, reply_code: int, errno: int, endpoint: str, is_retriable: bool
) -> AMQPError:
    """The exception for a status of the library."""
    return _CLASSES.get(code, AMQPError)(
        message or _MESSAGES.get(code, ""), code=code, cause=cause, reply_code=reply_code, errno=errno,
        endpoint=endpoint, is_retriable=bool(is_retriable))
