"""What clients for threads and for asyncio have in common: everything that does not wait."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Dict, Optional

from .errors import AMQPError

if TYPE_CHECKING:
    from ._core import Client as Core
    from ._options import Time


class BaseClient:
    _core: Core
    _is_closed = True

    @property
    def state(self) -> str:
        """ "connecting", "open", "recovering", "degraded", "blocked", "closing" or "closed"."""
        return self._core.state()

    def health(self) -> Optional[AMQPError]:
        """None if work that is handed in now is done now, else why not. Asks nobody and does not wait."""
        return self._core.health()

    def is_live(self, tolerance: Time) -> bool:
        """False only if nothing but a restart of the program can help: for liveness probes."""
        return self._core.is_live(tolerance)

    def stats(self) -> Dict[str, int]:
        """What was counted since the client was made."""
        return self._core.stats()

    def current_queue_name(self, name: str) -> str:
        """The present name of a queue that the broker named, given any name that it has had."""
        return self._core.current_queue_name(name)

    def __del__(self) -> None:
        if not self._is_closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)

    def __repr__(self) -> str:
        try:
            return f"<{self._label} {self.state}>"
        except Exception:
            return f"<{self._label}>"

    _label = "swiftamqp.Client"
