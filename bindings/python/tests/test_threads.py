"""The API for threads, against a broker."""

import array
import datetime
import decimal
import logging
import os
import signal
import threading
import time

import pytest

import swiftamqp
from conftest import eventually
from swiftamqp import Field, Properties

UTC = datetime.timezone.utc


def received(client, queue, count):
    bodies = []
    with client.consumer(queue) as consumer:
        while len(bodies) < count:
            delivery = consumer.get(10)
            assert delivery is not None, f"only {len(bodies)} of {count} came"
            bodies.append(delivery.body)
            delivery.ack()
    return bodies


# ---------------------------------------------------------------- Publishing


def test_publish_returns_after_the_confirm(client, queue):
    client.publish("", queue, b"hello")
    assert client.stats()["confirmed"] == 1
    assert received(client, queue, 1) == [b"hello"]


@pytest.mark.parametrize("body", [
    b"", b"bytes", bytearray(b"bytearray"), memoryview(b"memoryview"), array.array("i", [1, 2, 3]), b"x" * 1_000_000])
def test_bodies_are_anything_with_a_buffer(client, queue, body):
    client.publish("", queue, body)
    with client.publisher() as publisher:
        publisher.enqueue("", queue, body)
    assert received(client, queue, 2) == [bytes(body)] * 2


def test_a_body_is_no_str(client, queue):
    with pytest.raises(TypeError, match="encode"):
        client.publish("", queue, "text")
    with pytest.raises(TypeError):
        client.publish("", queue, [1])


def test_what_no_queue_gets_is_returned(client, name):
    with pytest.raises(swiftamqp.Returned) as caught:
        client.publish("", name, b"")
    assert isinstance(caught.value, swiftamqp.PublishError)
    assert caught.value.reply_code == 312 and name in str(caught.value)
    client.publish("", name, b"", mandatory=False)


def test_flush_tells_what_became_of_enqueued_messages(client, queue):
    publisher = client.publisher()
    tags = [publisher.enqueue("", queue, b"%d" % n) for n in range(1000)]
    assert tags == sorted(set(tags))
    assert publisher.flush() == 1000
    assert publisher.flush() == 0 and publisher.unconfirmed == 0
    assert received(client, queue, 1000) == [b"%d" % n for n in range(1000)]


def test_flush_raises_for_what_failed(client, queue, name):
    publisher = client.publisher()
    publisher.enqueue("", queue, b"good")
    bad = publisher.enqueue("", name + "-missing", b"bad")
    with pytest.raises(swiftamqp.BatchError) as caught:
        publisher.flush()
    assert (caught.value.confirmed, caught.value.failed) == (1, 1)
    (tag, error), = caught.value.failures
    assert tag == bad and isinstance(error, swiftamqp.Returned)
    assert publisher.flush() == 0, "a failure is told once"
    with pytest.raises(swiftamqp.BatchError):
        with publisher:
            publisher.enqueue("", name + "-missing", b"bad")


def test_a_small_window_is_waited_for(client, queue):
    with client.publisher(window=2) as publisher:
        for n in range(500):
            publisher.enqueue("", queue, b"%d" % n)
    assert received(client, queue, 500) == [b"%d" % n for n in range(500)]


def test_threads_share_a_publisher(client, queue):
    publisher = client.publisher(window=50)

    def work():
        for _ in range(300):
            publisher.enqueue("", queue, b"x")
        publisher.flush()
        publisher.publish("", queue, b"x")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    publisher.flush()
    assert client.queue_status(queue).messages == 6 * 301


def test_arguments_of_publish_are_checked(client, queue):
    publisher = client.publisher()
    for wrong in ((), ("", queue), ("", queue, b"", None, True), ("", 5, b""), (None, queue, b""), ("", queue, b"", {})):
        with pytest.raises(TypeError):
            publisher.publish(*wrong)
    with pytest.raises(TypeError, match="unknown"):
        publisher.publish("", queue, b"", unknown=1)
    with pytest.raises(TypeError, match="multiple values"):
        publisher.publish("", queue, b"", body=b"")
    with pytest.raises(ValueError):
        publisher.publish("", "zero\0", b"")
    with pytest.raises(swiftamqp.AMQPError):
        publisher.publish("", "k" * 256, b"")
    publisher.publish(exchange="", routing_key=queue, body=b"by name", properties=None)


# ---------------------------------------------------------------- Properties and headers


def round_trip(client, queue, properties):
    client.publish("", queue, b"body", properties)
    with client.consumer(queue) as consumer:
        delivery = consumer.get(10)
        delivery.ack()
        return delivery


def test_properties_arrive(client, queue):
    sent = Properties(
        content_type="text/plain", content_encoding="ü", correlation_id="c", reply_to="r", expiration="60000",
        message_id="m", type="t", user_id="guest", app_id="a", cluster_id="k", headers={"h": "ö"},
        timestamp=datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), priority=7, delivery_mode=1)
    delivery = round_trip(client, queue, sent)
    assert delivery.properties == sent
    # What has arrived can be published as it is.
    assert round_trip(client, queue, delivery.properties).properties == sent


def test_without_properties_a_message_is_persistent_and_has_an_id(client, queue):
    delivery = round_trip(client, queue, None)
    assert delivery.properties.delivery_mode == swiftamqp.PERSISTENT
    assert delivery.properties.message_id
    assert delivery.headers == {}


def test_headers_of_every_kind_arrive(client, queue):
    when = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    plain = {
        "true": True, "small": -5, "large": 2**62, "float": 1.5, "text": "grüß", "bytes": b"\0\xff", "none": None,
        "time": when, "decimal": decimal.Decimal("12.345"), "list": [1, "two", [3.0]], "dict": {"in": {"deep": b"x"}},
        "": 0}
    named = {
        "t": (Field("t", True), True), "b": (Field("b", -128), -128), "B": (Field("B", 255), 255),
        "s": (Field("s", -32768), -32768), "u": (Field("u", 65535), 65535), "I": (Field("I", -2**31), -2**31),
        "i": (Field("i", 2**32 - 1), 2**32 - 1), "l": (Field("l", -2**63), -2**63), "f": (Field("f", 0.5), 0.5),
        "d": (Field("d", 0.1), 0.1), "D": (Field("D", "1.50"), decimal.Decimal("1.50")), "S": (Field("S", "s"), "s"),
        "x": (Field("x", bytearray(b"x")), b"x"), "T": (Field("T", 1), datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        "A": (Field("A", (1, 2)), [1, 2]), "F": (Field("F", {"a": 1}), {"a": 1}), "V": (Field("V", None), None)}
    headers = {**plain, **{key: sent for key, (sent, _) in named.items()}}
    arrived = round_trip(client, queue, Properties(headers=headers)).headers
    assert arrived == {**plain, **{key: expected for key, (_, expected) in named.items()}}
    assert type(arrived["true"]) is bool and type(arrived["bytes"]) is bytes


def test_headers_that_python_cannot_index_keep_their_order(client, queue):
    keys = [f"k{n}" for n in range(50)]
    assert list(round_trip(client, queue, Properties(headers=dict.fromkeys(keys, 1))).headers) == keys


# ---------------------------------------------------------------- Consuming


def test_a_delivery_says_what_it_is(client, queue):
    client.publish("", queue, b"body")
    with client.consumer(queue, tag="python-tag") as consumer:
        assert consumer.tag == "python-tag"
        delivery = consumer.get(10)
        assert (delivery.exchange, delivery.routing_key, delivery.consumer_tag) == ("", queue, "python-tag")
        assert delivery.delivery_tag == 1 and not delivery.redelivered and not delivery.is_stale
        assert len(delivery) == 4 and delivery
        view = memoryview(delivery)
        assert view.readonly and bytes(view) == delivery.body == b"body"
        assert queue in repr(delivery)
        delivery.ack()
        with pytest.raises(swiftamqp.AlreadySettled):
            delivery.ack()
    del delivery
    # The view keeps what it shows.
    assert bytes(view) == b"body"


def test_an_iteration_ends_with_its_consumer(client, queue):
    with client.publisher() as publisher:
        for n in range(300):
            publisher.enqueue("", queue, b"%d" % n)
    consumer = client.consumer(queue, prefetch=20)
    bodies = []
    for delivery in consumer:
        bodies.append(delivery.body)
        delivery.ack()
        if len(bodies) == 300:
            consumer.close()
    assert bodies == [b"%d" % n for n in range(300)]
    with pytest.raises(swiftamqp.Closed):
        consumer.get(0)


def test_what_was_not_settled_goes_back(client, queue):
    for n in range(10):
        client.publish("", queue, b"%d" % n)
    with client.consumer(queue) as consumer:
        assert next(consumer).body == b"0"
    eventually(lambda: client.queue_status(queue).messages == 10)
    consumer = client.consumer(queue)
    for delivery in consumer:
        assert delivery.redelivered
        delivery.ack()
        break
    # With a time to wait, only what was given out is waited for.
    assert consumer.close(5) is True
    eventually(lambda: client.queue_status(queue).messages == 9)


def test_nack_and_reject(client, queue):
    client.publish("", queue, b"x")
    with client.consumer(queue) as consumer:
        consumer.get(10).nack()
        again = consumer.get(10)
        assert again.redelivered
        again.reject(requeue=True)
        consumer.get(10).nack(requeue=False)
        assert consumer.get(0.1) is None
        for n in range(3):
            client.publish("", queue, b"x")
        deliveries = [consumer.get(10) for n in range(3)]
        deliveries[1].ack(multiple=True)
        deliveries[2].reject()
    eventually(lambda: client.queue_status(queue).messages == 0)


def test_process_acks_at_its_end_and_nacks_when_left(client, queue):
    client.publish("", queue, b"x")
    with client.consumer(queue) as consumer:
        with pytest.raises(RuntimeError, match="left"):
            with consumer.get(10).process(requeue=True):
                raise RuntimeError("left")
        with consumer.get(10).process(requeue=False) as delivery:
            assert delivery.redelivered
        with pytest.raises(swiftamqp.AlreadySettled):
            delivery.ack()
        client.publish("", queue, b"y")
        with pytest.raises(RuntimeError):
            with consumer.get(10).process(requeue=False):
                raise RuntimeError
        assert consumer.get(0.1) is None


def test_get_batch_takes_what_is_there(client, queue):
    for n in range(5):
        client.publish("", queue, b"x")
    with client.consumer(queue) as consumer:
        eventually(lambda: client.queue_status(queue).messages == 0)
        batch = []
        while len(batch) < 5:
            batch += consumer.get_batch(3, timeout=10)
        assert len(batch) == 5
        assert consumer.get_batch(timeout=0) == []
        with pytest.raises(ValueError):
            consumer.get_batch(0)


def test_threads_share_a_consumer(client, queue):
    consumer = client.consumer(queue, prefetch=100)
    counts = [0] * 4

    def work(index):
        for delivery in consumer:
            delivery.ack()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    with client.publisher() as publisher:
        for n in range(2000):
            publisher.enqueue("", queue, b"x")
    eventually(lambda: sum(counts) == 2000)
    consumer.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_slow_thread_holds_back_nothing_from_others(client, queue):
    with client.publisher() as publisher:
        for n in range(100):
            publisher.enqueue("", queue, b"%d" % n)
    consumer = client.consumer(queue, prefetch=100)
    has_one, go = threading.Event(), threading.Event()
    taken = []

    def slow():
        # Alone, it takes ahead.
        delivery = next(consumer)
        has_one.set()
        go.wait(30)
        delivery.ack()

    def quick():
        for delivery in consumer:
            delivery.ack()
            taken.append(delivery.body)

    threads = [threading.Thread(target=slow), threading.Thread(target=quick)]
    threads[0].start()
    assert has_one.wait(30)
    threads[1].start()
    eventually(lambda: len(taken) == 99)
    go.set()
    threads[0].join(10)
    consumer.close()
    threads[1].join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_a_consumer_of_a_missing_queue_is_refused(client, name):
    with pytest.raises(swiftamqp.ChannelError) as caught:
        client.consumer(name)
    assert caught.value.reply_code == 404


def test_auto_ack(client, queue):
    client.publish("", queue, b"x")
    with client.consumer(queue, auto_ack=True) as consumer:
        delivery = consumer.get(10)
        with pytest.raises(swiftamqp.AlreadySettled):
            delivery.ack()


def test_consumers_take_arguments(client, queue):
    with client.consumer(queue, exclusive=True, arguments={"x-priority": 5}, options={"consumer.prefetch": 3}):
        with pytest.raises(swiftamqp.ChannelError):
            client.consumer(queue, timeout=5)


# ---------------------------------------------------------------- Signals


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("waiting", ["get", "iterate", "flush"])
def test_a_signal_ends_a_wait_in_the_main_thread(client, queue, waiting):
    def handle(number, frame):
        raise Interrupted

    old = signal.signal(signal.SIGALRM, handle)
    consumer = client.consumer(queue)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            if waiting == "get":
                consumer.get()
            elif waiting == "iterate":
                next(consumer)
            else:
                swiftamqp._core.Events().poll()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        consumer.close()


# ---------------------------------------------------------------- Topology


def test_declaring_and_deleting(client, name):
    client.declare_exchange(name, "topic")
    info = client.declare_queue(name, arguments={"x-max-length": 10})
    assert info == swiftamqp.QueueInfo(name, 0, 0)
    client.bind_queue(name, name, "a.#")
    client.publish(name, "a.b", b"x")
    client.unbind_queue(name, name, "a.#")
    with pytest.raises(swiftamqp.Returned):
        client.publish(name, "a.b", b"x")
    client.declare_exchange(name + "-in", "fanout")
    client.bind_exchange(name, name + "-in", "")
    client.unbind_exchange(name, name + "-in", "")
    with pytest.raises(swiftamqp.ChannelError):
        client.delete_queue(name, if_empty=True)
    assert client.purge_queue(name) == 1
    client.publish("", name, b"x")
    assert client.delete_queue(name) == 1
    client.delete_exchange(name + "-in", if_unused=True)
    client.delete_exchange(name)
    with pytest.raises(swiftamqp.ChannelError) as caught:
        client.queue_status(name)
    assert caught.value.reply_code == 404


def test_a_queue_that_is_another_one_is_refused(client, queue):
    with pytest.raises(swiftamqp.ChannelError) as caught:
        client.declare_queue(queue, arguments={"x-max-length": 1})
    assert caught.value.reply_code == 406


def test_a_queue_that_the_broker_names(client):
    name = client.declare_queue(exclusive=True, auto_delete=True).name
    assert name.startswith("amq.gen-")
    assert client.current_queue_name(name) == name


def test_a_topology_is_declared_first(url, name):
    topology = (
        swiftamqp.Topology().exchange(name, "topic").exchange(name + "-all", "fanout").queue(name, quorum=True)
        .bind(name, name, "#").bind_exchange(name, name + "-all"))
    with swiftamqp.connect(url, topology=topology) as client:
        client.publish(name + "-all", "any", b"x")
        plan = client.plan(topology)
        assert plan.is_applicable and plan.items
        client.apply(topology)
        wrong = swiftamqp.Topology().queue(name, arguments={"x-max-length": 1})
        assert not client.plan(wrong).is_applicable
        with pytest.raises(swiftamqp.Degraded):
            client.apply(wrong)
        client.delete_queue(name)
        client.delete_exchange(name)
        client.delete_exchange(name + "-all")


# ---------------------------------------------------------------- Plain channels


def test_plain_channels(client, queue):
    with client.channel() as channel:
        assert channel.is_open and channel.get(queue) is None
        channel.publish("", queue, b"x")
        delivery = channel.get(queue)
        assert delivery.body == b"x" and delivery.consumer_tag == ""
        channel.recover()
        channel.get(queue, auto_ack=True)
        assert channel.check_queue(queue).name == queue
        channel.check_exchange("amq.topic")
        with pytest.raises(swiftamqp.ChannelError):
            channel.check_queue(queue + "-missing")
        assert not channel.is_open
        with pytest.raises(swiftamqp.AMQPError):
            channel.get(queue)


def test_transactions(client, queue):
    with client.channel() as channel:
        channel.tx_select()
        channel.publish("", queue, b"x")
        channel.tx_rollback()
        assert channel.check_queue(queue).messages == 0
        channel.publish("", queue, b"x")
        channel.tx_commit()
        assert channel.check_queue(queue).messages == 1


# ---------------------------------------------------------------- The client


def test_a_client_says_how_it_is(client):
    assert client.state == "open" and client.health() is None and client.is_live(1)
    assert client.stats()["connections"] >= 1
    assert "open" in repr(client)
    client.wait(1)


def test_what_happens_is_told_and_logged(url, name, caplog):
    caplog.set_level(logging.DEBUG, "swiftamqp")
    events = []
    with swiftamqp.connect(url, on_event=events.append) as client:
        eventually(lambda: any(event.type == "state" and event.value == "open" for event in events))
    eventually(lambda: any(event.type == "state" and event.value == "closed" for event in events))
    assert client.state == "closed"
    assert any("connected to" in record.getMessage() for record in caplog.records)


def test_a_function_for_events_may_fail(url, caplog):
    def fail(event):
        raise RuntimeError("planted")

    with swiftamqp.connect(url, on_event=fail):
        eventually(lambda: "planted" in caplog.text)


def test_a_closed_client_takes_nothing(url, name):
    client = swiftamqp.connect(url)
    publisher = client.publisher()
    client.close()
    client.close()
    assert client.state == "closed" and client.health() is not None
    for call in (
        lambda: client.publish("", name, b""), lambda: publisher.enqueue("", name, b""),
        lambda: publisher.publish("", name, b""), lambda: client.declare_queue(name), lambda: client.consumer(name),
    ):
        with pytest.raises(swiftamqp.AMQPError):
            call()


def test_drain_waits_for_what_was_given_out(url, aqueue):
    client = swiftamqp.connect(url)
    client.publish("", aqueue, b"x")
    consumer = client.consumer(aqueue)
    delivery = consumer.get(10)
    timer = threading.Timer(0.2, delivery.ack)
    timer.start()
    report = client.drain(20)
    timer.join()
    assert report["acked"] == 1 and not report["timed_out"]
    with swiftamqp.connect(url) as other:
        assert other.queue_status(aqueue).messages == 0


def test_close_gives_back_what_is_not_settled(url, aqueue):
    client = swiftamqp.connect(url)
    client.publish("", aqueue, b"x")
    consumer = client.consumer(aqueue)
    delivery = consumer.get(10)
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 10, "it waited for a delivery that nobody settles"
    with pytest.raises(swiftamqp.SettleError):
        delivery.ack()
    with swiftamqp.connect(url) as other:
        eventually(lambda: other.queue_status(aqueue).messages == 1)


def test_a_wrong_password_is_told(url):
    wrong = url.replace("guest:guest@", "guest:wrong@")
    if wrong == url:
        pytest.skip("the broker of AMQP_URL has other users")
    with pytest.raises(swiftamqp.AuthenticationError):
        swiftamqp.connect(wrong, timeout=10)


def test_an_unclosed_client_is_warned_of(url):
    client = swiftamqp.connect(url)
    with pytest.warns(ResourceWarning, match="unclosed"):
        del client


def test_the_environment_names_the_broker(url):
    assert os.environ["AMQP_URL"] == url
    with swiftamqp.connect() as client:
        assert client.state == "open"
