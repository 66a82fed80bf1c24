from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import _core
from .._channel import publish_flags
from .._options import TIMEOUT
from ..errors import AMQPError
from ..topology import QueueInfo
from ._asking import ask

if TYPE_CHECKING:
    from .._core import Body, Delivery, Properties
    from .._options import Time


class Channel:
    """A channel of one connection: basic.get, transactions, passive declares. It does not outlive its connection, and an
    operation that the broker refuses ends it."""

    __slots__ = ("_core", "__weakref__")

    def __init__(self, core: _core.Channel) -> None:
        self._core = core

    @property
    def is_open(self) -> bool:
        return self._core.is_open

    async def get(self, queue: str, *, auto_ack: bool = False, timeout: Time = TIMEOUT) -> Optional[Delivery]:
        """The next message of a queue; None if it is empty."""
        return await ask(self._core.get, queue, auto_ack, timeout)

    async def publish(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, timeout: Time = TIMEOUT,
    ) -> None:
        """Returns when the broker has confirmed it; in a transaction at once. Never sent again."""
        await ask(
            self._core.publish, exchange, routing_key, body, properties, publish_flags(mandatory), timeout)

    async def check_queue(self, name: str, *, timeout: Time = TIMEOUT) -> QueueInfo:
        """Declares it passively: ChannelError with 404 if it is not there."""
        return QueueInfo(*await ask(self._core.check_queue, name, timeout))

    async def check_exchange(self, name: str, *, timeout: Time = TIMEOUT) -> None:
        await ask(self._core.check_exchange, name, timeout)

    async def recover(self, *, timeout: Time = TIMEOUT) -> None:
        """What was delivered here and not settled comes again."""
        await ask(self._core.recover, timeout)

    async def tx_select(self, *, timeout: Time = TIMEOUT) -> None:
        await ask(self._core.tx_select, timeout)

    async def tx_commit(self, *, timeout: Time = TIMEOUT) -> None:
        await ask(self._core.tx_commit, timeout)

    async def tx_rollback(self, *, timeout: Time = TIMEOUT) -> None:
        await ask(self._core.tx_rollback, timeout)

    async def close(self, *, timeout: Time = TIMEOUT) -> None:
        """Closes it. What was not settled goes back to its queue."""
        await ask(self._core.close, timeout)

    async def __aenter__(self) -> Channel:
        return self

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        try:
            await self.close()
        except AMQPError:
            # One that is gone is closed.
            pass
