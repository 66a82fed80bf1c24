from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._core import Delivery


class Processing:
    """``with delivery.process(requeue=False):`` acks at its end, and nacks where it is left by an exception."""

    __slots__ = ("_delivery", "_requeue")

    def __init__(self, delivery: Delivery, requeue: bool) -> None:
        self._delivery = delivery
        self._requeue = bool(requeue)

    def __enter__(self) -> Delivery:
        return self._delivery

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if kind is None:
            self._delivery.ack()
            return
        from .errors import SettleError

        try:
            # A program that is being ended has not failed at this message.
            requeue = self._requeue or not issubclass(kind, Exception)
            self._delivery.nack(requeue=requeue)
        except SettleError:
            # What has left the block says more.
            pass

    async def __aenter__(self) -> Delivery:
        return self._delivery

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.__exit__(kind, value, traceback)
