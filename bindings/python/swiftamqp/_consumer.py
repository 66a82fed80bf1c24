from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from ._threads import ask

if TYPE_CHECKING:
    from ._options import Time


class Consumer(_core.Consumer):
    """The deliveries of a queue, over as many connections as it takes.

    Iterate, or ask with ``get`` and ``get_batch``; any number of threads may do so at the same time. The iteration ends
    when the consumer is closed, and raises where something else has ended it.
    """

    __slots__ = ("__weakref__",)

    def close(self, timeout: Time = 0) -> bool:
        """Ends the consumer. What was not given out goes back to the queue; what was is waited for until it is settled,
        for as long as timeout says, and goes back then. Whether all of it was settled."""
        return ask(self._cancel, timeout)

    def __enter__(self) -> Consumer:
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Consumer {self.tag!r}>"
