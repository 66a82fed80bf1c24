"""Headers and arguments: what C does not know by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Tuple, Union

if TYPE_CHECKING:
    import datetime
    import decimal


class Field(NamedTuple):
    """A value of headers or arguments with the kind that it has on the wire, where the one that Python's type stands for
    is not meant: ``Field("b", 5)`` is an int of one byte, ``Field("T", 0)`` a timestamp.

    The kinds are t bool; b, B, s, u, I, i, l, L int of 8, 16, 32, 64 bits, signed and not; f, d float; D Decimal; S str;
    x bytes; T datetime or seconds; A list; F dict; V None. RabbitMQ reads an L as signed.
    """

    kind: str
    value: Any


_TYPES: Dict[str, Any] = {"t": bool, "S": str, "x": (bytes, bytearray, memoryview), "A": (list, tuple), "F": Mapping, "V": type(None)}


def _decimal(value: Any) -> Tuple[int, int]:
    sign, digits, exponent = value.as_tuple()
    if sign or not isinstance(exponent, int):
        raise ValueError("a Decimal of headers and arguments is finite and not negative")
    number = int("".join(map(str, digits)))
    if exponent > 0:
        number, exponent = number * 10**exponent, 0
    if number > 0xFFFFFFFF or exponent < -255:
        raise ValueError("a Decimal of headers and arguments has 32 bits, and 255 digits behind its point at most")
    return number, -exponent


def timestamp(value: object) -> int:
    """Seconds since 1970 of a datetime or an int."""
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value
    else:
        import datetime

        if not isinstance(value, datetime.datetime):
            raise TypeError("a timestamp is a datetime, or an int of seconds since 1970")
        if value.tzinfo is None:
            raise ValueError("a timestamp needs a time zone: datetime.now(timezone.utc), or value.astimezone()")
        seconds = int(value.timestamp() // 1)
    if not 0 <= seconds < 1 << 64:
        raise ValueError("a timestamp is not before 1970")
    return seconds


def field(value: object) -> Tuple[int, object, object]:
    """Letter of the kind, value and scale of what is no plain value."""
    if isinstance(value, Field):
        return _named(value)
    if isinstance(value, Mapping):
        return ord("F"), dict(value), 0
    if hasattr(value, "tzinfo"):
        return ord("T"), timestamp(value), 0
    if hasattr(value, "as_tuple"):
        return (ord("D"), *_decimal(value))
    if isinstance(value, Sequence):
        return ord("A"), list(value), 0
    raise TypeError(f"a {type(value).__name__} cannot stand in headers or arguments")


def _named(value: Field) -> Tuple[int, object, object]:
    kind, content = value
    if kind == "T":
        return ord("T"), timestamp(content), 0
    if kind == "D":
        import decimal

        return (ord("D"), *_decimal(decimal.Decimal(content)))
    expected = _TYPES.get(kind)
    if expected is not None:
        if not isinstance(content, expected):
            raise TypeError(f"a Field of kind {kind!r} does not take a {type(content).__name__}")
        if kind == "F":
            content = dict(content)
    elif kind not in tuple("bBsuIilLfd"):
        raise ValueError(f"there is no kind {kind!r}; they are t b B s u I i l L f d D S x T A F V")
    elif kind not in "fd" and not isinstance(content, int):
        raise TypeError(f"a Field of kind {kind!r} does not take a {type(content).__name__}")
    return ord(kind), content, 0


def value(kind: int, number: int, scale: int) -> Union[decimal.Decimal, datetime.datetime, int]:
    """A Decimal or a datetime from what is on the wire."""
    if kind == ord("D"):
        import decimal

        return decimal.Decimal((0, tuple(map(int, str(number))), -scale))
    import datetime

    try:
        return datetime.datetime.fromtimestamp(number, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        # What a datetime cannot hold is still told.
        return number
