"""From keyword arguments to the options of the library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Union

from . import _core
from .topology import Topology

if TYPE_CHECKING:
    import datetime

    #: Seconds, or a timedelta; None is what the function says.
    Time = Union[float, datetime.timedelta, None]
    URLs = Union[str, Sequence[str], None]
    Options = Optional[Mapping[str, Any]]

#: How long a call that asks the broker waits for its answer.
TIMEOUT = 30.0


def milliseconds(value: Time) -> Optional[int]:
    if value is None:
        return None
    seconds = value if isinstance(value, (int, float)) else value.total_seconds()
    return max(0, round(seconds * 1000))


def add(settings: Dict[str, Any], **values: Any) -> None:
    """What was given, under keys of the library: "consumer__prefetch" is "consumer.prefetch"."""
    for name, value in values.items():
        if value is not None:
            settings[name.replace("__", ".")] = value


def for_client(
    url: URLs, name: Optional[str], heartbeat: Time, timeout: Time, topology: Optional[Topology], options: Options
) -> _core.Options:
    if url is None:
        url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost/")
    endpoints: List[str] = [url] if isinstance(url, str) else list(url)
    settings: Dict[str, Any] = {}
    add(settings, connection__name=name, connection__heartbeat_ms=milliseconds(heartbeat))
    settings["client.first_connect_ms"] = milliseconds(timeout)
    settings.update(options or {})
    return _core.Options(endpoints, settings, None if topology is None else topology._make())


def for_publisher(window: Optional[int], policy: Optional[str], timeout: Time, options: Options) -> _core.Options:
    settings: Dict[str, Any] = {}
    add(settings, publisher__window=window, publisher__policy=policy, publisher__timeout_ms=milliseconds(timeout))
    settings.update(options or {})
    return _core.Options([], settings)


def for_consumer(
    prefetch: Optional[int], auto_ack: bool, tag: Optional[str], exclusive: bool,
    arguments: Optional[Mapping[str, Any]], options: Options,
) -> _core.Options:
    settings: Dict[str, Any] = {}
    add(settings, consumer__prefetch=prefetch, consumer__tag=tag, consumer__auto_ack=auto_ack or None,
        consumer__exclusive=exclusive or None, consumer__arguments=None if arguments is None else dict(arguments))
    settings.update(options or {})
    return _core.Options([], settings)
