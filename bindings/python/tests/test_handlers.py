"""Consumers with a handler, for threads and for asyncio: what becomes of a delivery is checked at the broker."""

import asyncio
import gc
import logging
import threading
import time
import warnings

import pytest

import swiftamqp
from conftest import asynchronous, eventually
from swiftamqp import Reject, Requeue, Retry, Settle, aio
from test_process import run

QUICK = Requeue(limit=3, initial=0.01, maximum=0.02)


@pytest.fixture(autouse=True)
def failures_are_logged(caplog):
    caplog.set_level(logging.CRITICAL, "swiftamqp")


@pytest.fixture
def dead(client, name):
    """A queue that gets what `queue` dead-letters."""
    client.declare_queue(name + "-dead")
    yield name + "-dead"
    client.delete_queue(name + "-dead")


@pytest.fixture
def queue(client, name, dead):
    client.declare_queue(name, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
    yield name
    client.delete_queue(name)


def messages(client, queue):
    return client.queue_status(queue).messages


class Loop:
    """A loop in a thread of its own, for tests that are the same for threads and for asyncio."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Consuming:
    """consume() of either kind, from a plain function."""

    def __init__(self, kind, url):
        self.is_aio = kind == "asyncio"
        self.loop = Loop() if self.is_aio else None
        self.client = self.call(aio.connect(url)._open()) if self.is_aio else swiftamqp.connect(url)

    def call(self, result):
        return self.loop.run(result) if self.is_aio else result

    def consume(self, queue, handler, **keywords):
        if not self.is_aio:
            return self.client.consume(queue, handler, **keywords)

        async def awaited(delivery):
            return handler(delivery)

        async def begin():
            return self.client.consume(queue, awaited, **keywords)

        return self.call(begin())

    def close(self):
        if self.client.state == "closed":
            return
        self.call(self.client.close())
        if self.is_aio:
            self.loop.stop()


@pytest.fixture(params=["threads", "asyncio"])
def consuming(request, url, queue):
    consuming = Consuming(request.param, url)
    yield consuming
    consuming.close()


def test_what_a_handler_returns_is_acked(client, consuming, queue):
    bodies = []
    subscription = consuming.consume(queue, lambda delivery: bodies.append(delivery.body))
    for n in range(50):
        client.publish("", queue, b"%d" % n)
    eventually(lambda: len(bodies) == 50)
    assert bodies == [b"%d" % n for n in range(50)], "with one at a time they come in their order"
    assert subscription.tag in repr(subscription)
    assert consuming.call(subscription.close()) is True
    assert consuming.call(subscription.close()) is True
    assert consuming.call(subscription.wait(0)) is True
    stats = consuming.client.stats()
    assert (stats["handled"], stats["acked"], stats["failed"]) == (50, 50, 0)
    assert messages(client, queue) == 0


@pytest.mark.parametrize("answer, in_queue, in_dead", [
    (Settle.ACK, 0, 0), (Settle.REJECT, 0, 1), (Settle.RETRY, 0, 1), ("anything else", 0, 1)])
def test_answers(client, consuming, queue, dead, answer, in_queue, in_dead):
    consuming.consume(queue, lambda delivery: answer, on_failure=Reject())
    client.publish("", queue, b"x")
    eventually(lambda: consuming.client.stats()["handled"] == 1)
    eventually(lambda: (messages(client, queue), messages(client, dead)) == (in_queue, in_dead))


def test_requeue_comes_again_at_once(client, consuming, queue, dead):
    seen = []

    def handle(delivery):
        seen.append(delivery.redelivered)
        return Settle.REQUEUE if len(seen) == 1 else None

    consuming.consume(queue, handle)
    client.publish("", queue, b"x")
    eventually(lambda: seen == [False, True])


def test_a_handler_may_settle_by_itself(client, consuming, queue, dead):
    def handle(delivery):
        delivery.reject()
        with pytest.raises(swiftamqp.AlreadySettled):
            delivery.ack()
        seen.append(delivery)
        if len(seen) == 2:
            raise RuntimeError("after it was settled")

    seen = []
    consuming.consume(queue, handle)
    client.publish("", queue, b"1")
    client.publish("", queue, b"2")
    eventually(lambda: messages(client, dead) == 2)
    eventually(lambda: consuming.client.stats()["handled"] == 2)


def test_one_that_is_left_is_settled_later(client, consuming, queue):
    left = []

    def handle(delivery):
        left.append(delivery)
        return Settle.LEFT

    subscription = consuming.consume(queue, handle)
    for n in range(3):
        client.publish("", queue, b"%d" % n)
    eventually(lambda: len(left) == 3 and consuming.client.stats()["handled"] == 3)
    view = memoryview(left[1])
    for delivery in left[:2]:
        delivery.ack()
    del delivery
    left[1] = None
    assert bytes(view) == b"1"
    # One is not settled: it goes back.
    assert consuming.call(subscription.close(0.2)) is False
    eventually(lambda: messages(client, queue) == 1)


def test_a_failure_is_repeated_up_to_the_limit(client, consuming, queue, dead):
    counts = []

    def handle(delivery):
        counts.append(delivery.retry_count)
        raise RuntimeError("again")

    consuming.consume(queue, handle, on_failure=QUICK)
    client.publish("", queue, b"x", swiftamqp.Properties(message_id="m"))
    eventually(lambda: messages(client, dead) == 1)
    assert len(counts) == 3
    assert consuming.client.stats()["failed"] == 3


def test_retry_queues_and_parking(client, consuming, queue):
    seen = []

    def handle(delivery):
        seen.append((delivery.body, delivery.retry_count))
        raise ValueError("no")

    policy = Retry(delays=[0.05, 0.1], limit=3, queue_kind="classic")
    subscription = consuming.consume(queue, handle, on_failure=policy)
    client.publish("", queue, b"x")
    eventually(lambda: len(seen) == 3)
    parked = queue + ".parked"
    eventually(lambda: messages(client, parked) == 1)
    assert seen == [(b"x", 0), (b"x", 1), (b"x", 2)]
    consuming.call(subscription.close())
    with client.consumer(parked) as consumer:
        delivery = consumer.get(10)
        assert delivery.headers["x-swiftamqp-failures"] == 3 and delivery.body == b"x"
        delivery.ack()


def test_parking_after_requeues(client, consuming, queue, name):
    client.declare_queue(name + "-own", exclusive=True)

    def handle(delivery):
        raise ValueError

    consuming.consume(queue, handle, on_failure=QUICK._replace(park=name + "-own"))
    client.publish("", queue, b"x")
    eventually(lambda: messages(client, name + "-own") == 1)


def test_a_failure_is_logged(client, consuming, queue, caplog):
    caplog.set_level(logging.ERROR, "swiftamqp")

    def handle(delivery):
        raise ValueError("what went wrong")

    consuming.consume(queue, handle, on_failure=Reject())
    client.publish("", queue, b"x")
    eventually(lambda: any("what went wrong" in (record.exc_text or str(record.exc_info)) for record in caplog.records))


def test_a_delivery_may_be_looked_at_when_its_handler_has_ended(client, consuming, queue):
    kept = []

    def handle(delivery):
        kept.append((delivery, memoryview(delivery)))

    consuming.consume(queue, handle)
    client.publish("", queue, b"body", swiftamqp.Properties(headers={"a": 1}))
    eventually(lambda: consuming.client.stats()["acked"] == 1)
    delivery, view = kept.pop()
    consuming.close()
    gc.collect()
    assert bytes(view) == delivery.body == bytes(memoryview(delivery)) == b"body" and len(delivery) == 4
    assert delivery.headers == {"a": 1} and delivery.properties.delivery_mode == swiftamqp.PERSISTENT
    assert (delivery.exchange, delivery.routing_key, delivery.delivery_tag) == ("", queue, 1)
    assert delivery.consumer_tag and delivery.retry_count == 0
    assert not delivery.redelivered and not delivery.is_cancelled and queue in repr(delivery)
    with pytest.raises(swiftamqp.AlreadySettled):
        delivery.ack()
    with pytest.raises(swiftamqp.AlreadySettled):
        delivery.nack()


def test_options_are_checked(consuming, queue):
    for wrong in (dict(concurrency=0), dict(on_failure=Requeue(limit=0)), dict(options={"no.such": 1}),
                  dict(on_failure=Retry(delays=[]))):
        with pytest.raises(ValueError):
            consuming.consume(queue, lambda delivery: None, **wrong)


def test_as_many_at_a_time_as_were_asked_for(client, url, queue):
    lock, together, most = threading.Lock(), 0, 0

    def handle(delivery):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.002)
        with lock:
            together -= 1

    with client.publisher() as publisher:
        for n in range(200):
            publisher.enqueue("", queue, b"x")
    with swiftamqp.connect(url) as other:
        with other.consume(queue, handle, concurrency=5):
            eventually(lambda: other.stats()["handled"] == 200)
    assert most == 5


@asynchronous
async def test_as_many_tasks_at_a_time_as_were_asked_for(url, client, queue):
    together = most = 0
    go = asyncio.Event()

    async def handle(delivery):
        nonlocal together, most
        together += 1
        most = max(most, together)
        if together == 70:
            go.set()
        await go.wait()
        together -= 1

    async with aio.connect(url) as other:
        subscription = other.consume(queue, handle, concurrency=70)
        async with other.publisher() as publisher:
            for n in range(700):
                await publisher.enqueue("", queue, b"x")
        while other.stats()["acked"] < 700:
            await asyncio.sleep(0.005)
        assert most == 70
        assert await subscription.close() is True


def test_closing_waits_for_handlers(client, url, queue):
    began, go = threading.Event(), threading.Event()

    def handle(delivery):
        began.set()
        go.wait(30)

    client.publish("", queue, b"1")
    client.publish("", queue, b"2")
    with swiftamqp.connect(url) as other:
        with other.consume(queue, handle) as subscription:
            assert began.wait(10)
            assert subscription.wait(0.01) is False
            threading.Timer(0.1, go.set).start()
        assert other.stats()["acked"] == 1
    assert messages(client, queue) == 1


def test_a_drain_waits_for_handlers(client, url, queue):
    began = threading.Event()

    def handle(delivery):
        began.set()
        time.sleep(0.1)

    client.publish("", queue, b"1")
    with swiftamqp.connect(url) as other:
        subscription = other.consume(queue, handle)
        assert began.wait(10)
    assert subscription.wait(10) is True
    assert other.stats()["acked"] == 1
    with pytest.raises(swiftamqp.Closed):
        other.consume(queue, handle)


@asynchronous
async def test_closing_waits_for_tasks_and_cancels_what_is_late(url, client, queue):
    ends = []

    async def handle(delivery):
        try:
            await asyncio.sleep(0.05 if delivery.body == b"quick" else 60)
            ends.append(delivery.body)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    client.publish("", queue, b"quick")
    client.publish("", queue, b"slow")
    async with aio.connect(url) as other:
        subscription = other.consume(queue, handle, concurrency=2)
        while len(subscription._running) < 2:
            await asyncio.sleep(0.005)
        assert await subscription.wait(0.01) is False
        assert await subscription.close(0.5) is False
        while subscription._running:
            await asyncio.sleep(0)
    assert ends == [b"quick", "cancelled"]
    eventually(lambda: messages(client, queue) == 1)


def test_a_handler_cannot_wait_for_its_own_end(client, url, queue):
    caught = []

    def handle(delivery):
        for call in (subscription.close, other.close, other.drain):
            try:
                call()
            except swiftamqp.WouldDeadlock as error:
                caught.append(error)

    with swiftamqp.connect(url) as other:
        subscription = other.consume(queue, handle)
        client.publish("", queue, b"x")
        eventually(lambda: len(caught) == 3)


@asynchronous
async def test_a_task_cannot_wait_for_its_own_end(url, client, queue):
    caught = []

    async def handle(delivery):
        for call in (subscription.close, other.close, other.drain):
            try:
                await call()
            except swiftamqp.WouldDeadlock as error:
                caught.append(error)

    async with aio.connect(url) as other:
        subscription = other.consume(queue, handle)
        client.publish("", queue, b"x")
        while len(caught) < 3:
            await asyncio.sleep(0.005)


@asynchronous
async def test_a_deadline_cancels_the_task(url, client, queue, dead):
    cancelled = []

    async def handle(delivery):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(delivery.is_cancelled)
            raise

    async with aio.connect(url) as other:
        other.consume(queue, handle, deadline=0.1, on_failure=Reject())
        client.publish("", queue, b"x")
        while not messages(client, dead):
            await asyncio.sleep(0.01)
        assert cancelled == [True]


def test_a_deadline_marks_the_delivery(client, url, queue, dead):
    def handle(delivery):
        eventually(lambda: delivery.is_cancelled)
        raise TimeoutError

    with swiftamqp.connect(url) as other:
        other.consume(queue, handle, deadline=0.05, on_failure=Reject())
        client.publish("", queue, b"x")
        eventually(lambda: messages(client, dead) == 1)


@asynchronous
async def test_what_is_cancelled_inside_is_a_failure_and_a_cancelled_task_is_none(url, client, queue, dead):
    seen = []

    async def handle(delivery):
        seen.append(delivery)
        if delivery.body == b"inside":
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future
        await asyncio.sleep(0 if delivery.redelivered else 60)

    async with aio.connect(url) as other:
        subscription = other.consume(queue, handle, on_failure=Reject())
        client.publish("", queue, b"inside")
        while not messages(client, dead):
            await asyncio.sleep(0.01)
        client.publish("", queue, b"outside")
        while not subscription._running:
            await asyncio.sleep(0.005)
        next(iter(subscription._running)).cancel()
        while other.stats()["acked"] < 1:
            await asyncio.sleep(0.005)
        assert [delivery.redelivered for delivery in seen] == [False, False, True]
        assert messages(client, dead) == 1


def test_a_consumer_that_ends_says_why(client, consuming, name):
    client.declare_queue(name + "-own")
    events = []
    subscription = consuming.consume(
        name + "-own", lambda delivery: events.append(1), options={"consumer.when_cancelled": "end"})
    client.publish("", name + "-own", b"x")
    eventually(lambda: events)
    client.delete_queue(name + "-own")
    with pytest.raises(swiftamqp.ConsumerCancelled):
        consuming.call(subscription.wait(30))


def test_a_client_that_nobody_has_any_more_ends_its_handlers(url, client, queue):
    seen = []
    other = swiftamqp.connect(url)
    other.consume(queue, lambda delivery: seen.append(1))
    gc.collect()
    client.publish("", queue, b"x")
    eventually(lambda: seen)
    with warnings.catch_warnings():
        # One that is recorded would keep the client.
        warnings.simplefilter("ignore", ResourceWarning)
        del other
        gc.collect()
    eventually(lambda: client.queue_status(queue).consumers == 0)
    eventually(lambda: not [thread for thread in threading.enumerate() if queue in thread.name])


HANDLERS = """
import asyncio, os, sys, threading, time, warnings
import swiftamqp, swiftamqp.aio
warnings.simplefilter("ignore")
queue = sys.argv[1]
swiftamqp.connect().publish("", queue, b"x")
began = threading.Event()
def handle(delivery):
    began.set()
    {work}
client = swiftamqp.connect()
subscription = client.consume(queue, handle, concurrency=3)
assert began.wait(10)
{end}
"""


@pytest.mark.parametrize("work", ["pass", "time.sleep(60)", "while True: pass"])
@pytest.mark.parametrize("end", ["", "del client, subscription", "client.abort()", "sys.exit(0)"])
def test_an_interpreter_ends_with_handlers(aqueue, work, end):
    run(HANDLERS.format(work=work, end=end), aqueue, options=())


@pytest.mark.parametrize("work", ["return", "await asyncio.sleep(60)", "kept.append(delivery)"])
def test_an_interpreter_ends_with_handlers_of_asyncio(aqueue, work):
    run(f"""
        import asyncio, sys, warnings
        import swiftamqp.aio
        warnings.simplefilter("ignore")
        kept = []
        async def main(queue):
            client = await swiftamqp.aio.connect()
            began = asyncio.Event()
            async def handle(delivery):
                began.set()
                {work}
            client.consume(queue, handle, concurrency=3)
            await client.publish("", queue, b"x")
            await began.wait()
        asyncio.run(main(sys.argv[1]))
        """, aqueue, options=())


def test_a_child_of_a_fork_has_no_handlers(aqueue):
    run(HANDLERS.format(work="kept.append(delivery); time.sleep(0.5)", end="""
pid = os.fork()
if pid == 0:
    try:
        subscription.close()
    except swiftamqp.Forked:
        pass
    else:
        os._exit(1)
    for call in (subscription._jobs.take, subscription._jobs.take_ready):
        try:
            call()
        except swiftamqp.Forked:
            pass
        else:
            os._exit(2)
    del subscription, client
    kept.clear()
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert subscription.close() is True
client.close()
""").replace("began = threading", "kept = []\nbegan = threading"), aqueue, options=())
