from __future__ import annotations

from typing import Any, Callable, Coroutine, Generator, Generic, Optional, Protocol, TypeVar


class Closable(Protocol):
    async def close(self) -> Any: ...


T = TypeVar("T", bound=Closable)


class Opening(Generic[T]):
    """What is to be awaited, or entered and then closed at the end."""

    __slots__ = ("_open", "_opened")

    def __init__(self, open: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._open = open
        self._opened: Optional[T] = None

    def __await__(self) -> Generator[Any, None, T]:
        return self._open().__await__()

    async def __aenter__(self) -> T:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if self._opened is not None:
            await self._opened.close()
