"""Values, errors and arguments, without a broker."""

import datetime
import decimal
import pickle

import pytest

import swiftamqp
from swiftamqp import Field, Properties

UTC = datetime.timezone.utc


def test_properties_say_what_they_were_given():
    when = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    given = dict(
        content_type="text/plain", content_encoding="gzip", correlation_id="c", reply_to="r", expiration="1500",
        message_id="m", type="t", user_id="guest", app_id="a", cluster_id="k", headers={"one": 1}, timestamp=when,
        priority=0, delivery_mode=1)
    properties = Properties(**given)
    assert properties.to_dict() == given
    assert properties == Properties(**given)
    assert properties != Properties()
    assert "text/plain" in repr(properties)
    assert Properties().to_dict() == {}


def test_an_expiration_may_be_a_timedelta():
    assert Properties(expiration=datetime.timedelta(seconds=1.5)).expiration == "1500"
    with pytest.raises(TypeError, match="expiration"):
        Properties(expiration=1500)


def test_a_timestamp_is_seconds_or_a_datetime_with_a_zone():
    assert Properties(timestamp=0).timestamp == datetime.datetime(1970, 1, 1, tzinfo=UTC)
    # What no datetime holds is still told.
    assert Properties(timestamp=2**63).timestamp == 2**63
    with pytest.raises(ValueError, match="time zone"):
        Properties(timestamp=datetime.datetime(2024, 1, 1))
    with pytest.raises(ValueError, match="1970"):
        Properties(timestamp=-1)
    with pytest.raises(TypeError):
        Properties(timestamp="now")


@pytest.mark.parametrize("wrong, error", [
    ({"priority": 256}, ValueError), ({"priority": -1}, ValueError), ({"delivery_mode": 3}, ValueError),
    ({"message_id": 5}, TypeError), ({"message_id": "a\0b"}, ValueError), ({"headers": [1]}, TypeError),
    ({"headers": {1: 1}}, TypeError), ({"headers": {"k" * 256: 1}}, ValueError), ({"headers": {"a": object()}}, TypeError),
    ({"headers": {"a": 2**63}}, ValueError), ({"headers": {"a": float("nan")}}, ValueError),
    ({"headers": {"a": datetime.datetime(2024, 1, 1)}}, ValueError), ({"headers": {"a": decimal.Decimal(-1)}}, ValueError),
    ({"headers": {"a": decimal.Decimal("NaN")}}, ValueError), ({"headers": {"a": Field("b", 128)}}, ValueError),
    ({"headers": {"a": Field("q", 1)}}, ValueError), ({"headers": {"a": Field("S", 1)}}, TypeError),
    ({"headers": {"a": Field("B", "1")}}, TypeError), ({"headers": {"a": Field("L", -1)}}, (ValueError, OverflowError)),
    ({"headers": {"a": "b\0"}}, ValueError), ({"unknown": 1}, TypeError),
])
def test_what_does_not_fit_is_refused(wrong, error):
    with pytest.raises(error):
        Properties(**wrong)


def test_headers_that_hold_themselves_are_refused():
    headers = {}
    headers["again"] = headers
    with pytest.raises(ValueError, match="levels"):
        Properties(headers=headers)


def test_deliveries_are_not_made_by_programs():
    with pytest.raises(TypeError):
        swiftamqp.Delivery()


def test_errors_survive_pickling():
    error = swiftamqp.errors.from_status(-12, -2, "it was refused", 312, 5, "host:1/", True)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is swiftamqp.Nacked
    assert (copy.code, copy.cause, copy.message, copy.reply_code, copy.errno, copy.endpoint, copy.is_retriable) == (
        -12, -2, "it was refused", 312, 5, "host:1/", True)
    assert (copy.code_name, copy.cause_name) == ("SAMQP_ERR_NACKED", "SAMQP_ERR_TIMEOUT")
    batch = pickle.loads(pickle.dumps(swiftamqp.BatchError(1, 1, [(7, error)])))
    assert batch.failed == 1 and batch.failures[0][0] == 7 and batch.cause == -2


def test_errors_are_what_python_programs_expect():
    assert issubclass(swiftamqp.Timeout, TimeoutError)
    assert issubclass(swiftamqp.ConnectError, ConnectionError)
    assert issubclass(swiftamqp.InvalidArgument, ValueError)
    # A status that this version does not know.
    assert type(swiftamqp.errors.from_status(-999, -999, "", 0, 0, "", False)) is swiftamqp.AMQPError


def test_options_are_checked_and_explained():
    with pytest.raises(swiftamqp.InvalidArgument, match="no.such.key"):
        swiftamqp.connect("amqp://localhost/", options={"no.such.key": 1})
    with pytest.raises(swiftamqp.InvalidArgument):
        swiftamqp.connect("amqp://localhost/", options={"client.max_messages": "many"})
    with pytest.raises(swiftamqp.AMQPError):
        swiftamqp.connect("http://localhost/")
    help = swiftamqp.option_help()
    assert "consumer.prefetch" in help and all(help.values())


def test_a_password_is_in_no_error():
    with pytest.raises(swiftamqp.AMQPError) as caught:
        swiftamqp.connect("amqp://someone:s3ntinel@127.0.0.1:1/", timeout=0.2)
    assert isinstance(caught.value, ConnectionError)
    assert "s3ntinel" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("timeout, error", [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError)])
def test_timeouts_are_checked(timeout, error):
    events = swiftamqp._core.Events()
    with pytest.raises(error):
        events.poll(timeout)


def test_timeouts_are_seconds_or_timedeltas():
    events = swiftamqp._core.Events()
    assert events.poll(0) == events.poll(0.01) == events.poll(datetime.timedelta(milliseconds=10)) == []
    events.wakeup()
    assert events.poll(None) == []
