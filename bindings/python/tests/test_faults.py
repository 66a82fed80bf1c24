"""Restarts of the broker, and a broker that takes no publishes."""

import asyncio
import threading

import pytest

import swiftamqp
from conftest import asynchronous, eventually
from swiftamqp import aio

pytestmark = pytest.mark.restarts


def test_nothing_confirmed_is_lost_over_a_restart(url, name, broker):
    events = []
    with swiftamqp.connect(url, on_event=events.append) as client:
        client.declare_queue(name)
        confirmed = []

        def work(thread):
            for n in range(150):
                client.publish("", name, b"%d %d" % (thread, n), timeout=60)
                confirmed.append(b"%d %d" % (thread, n))

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(confirmed) > 100)
        broker.restart()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive()
        assert len(confirmed) == 600
        assert any(event.value == "recovering" for event in events if event.type == "state")
        found = set()
        with client.consumer(name, timeout=30) as consumer:
            while len(found) < 600:
                delivery = consumer.get(10)
                assert delivery is not None, f"{600 - len(found)} confirmed messages are missing"
                found.add(delivery.body)
                delivery.ack()
        client.delete_queue(name)


def test_a_consumer_comes_back_and_a_late_ack_is_stale(url, name, broker):
    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        client.publish("", name, b"x")
        with client.consumer(name) as consumer:
            first = consumer.get(10)
            broker.restart()
            again = consumer.get(60)
            assert again.redelivered and again.body == b"x"
            assert first.is_stale
            with pytest.raises(swiftamqp.Stale):
                first.ack()
            again.ack()
        client.delete_queue(name)


@asynchronous
async def test_asyncio_over_a_restart(url, name, broker):
    async with aio.connect(url) as client:
        await client.declare_queue(name)
        publisher = client.publisher(window=50, timeout=60)
        consumer = await client.consumer(name, prefetch=20)
        confirmed, found = set(), set()

        async def publish(task):
            for n in range(100):
                await publisher.publish("", name, b"%d %d" % (task, n))
                confirmed.add(b"%d %d" % (task, n))
                if len(confirmed) == 300:
                    broker.restart()

        async def consume():
            async for delivery in consumer:
                found.add(delivery.body)
                try:
                    delivery.ack()
                except swiftamqp.Stale:
                    pass
                if len(found) == 1000:
                    return

        consuming = asyncio.create_task(consume())
        await asyncio.gather(*(publish(task) for task in range(10)))
        assert len(confirmed) == 1000
        await asyncio.wait_for(consuming, 60)
        await client.delete_queue(name)


@asynchronous
async def test_a_cancelled_publish_without_a_broker(url, name, broker):
    async with aio.connect(url) as client:
        await client.declare_queue(name)
        broker.restart()
        while client.state == "open":
            await asyncio.sleep(0.005)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.publish("", name, b"x"), 0.01)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.queue_status(name), 0.01)
        await client.wait(60)
        await client.publish("", name, b"y")
        await client.delete_queue(name)


def test_handlers_go_on_after_a_restart(url, name, broker):
    found = set()

    def handle(delivery):
        found.add(delivery.body)
        if len(found) == 200:
            broker.restart()

    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        with client.publisher() as publisher:
            for n in range(1000):
                publisher.enqueue("", name, b"%d" % n)
        with client.consume(name, handle, concurrency=4, prefetch=50) as subscription:
            eventually(lambda: len(found) == 1000, 90)
            assert subscription.close(30) is True
        eventually(lambda: client.queue_status(name).messages == 0)
        client.delete_queue(name)


@asynchronous
async def test_tasks_go_on_after_a_restart(url, name, broker):
    found = set()

    async def handle(delivery):
        found.add(delivery.body)
        if len(found) == 200:
            broker.restart()
        await asyncio.sleep(0.001)

    async with aio.connect(url) as client:
        await client.declare_queue(name)
        async with client.publisher() as publisher:
            for n in range(1000):
                await publisher.enqueue("", name, b"%d" % n)
        subscription = client.consume(name, handle, concurrency=20, prefetch=50)
        while len(found) < 1000:
            await asyncio.sleep(0.01)
        assert await subscription.close(30) is True
        assert (await client.queue_status(name)).messages == 0
        await client.delete_queue(name)


def test_deadlines_end_publishes_without_a_broker(url, name, broker):
    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        broker.restart()
        eventually(lambda: client.state != "open")
        with pytest.raises((swiftamqp.NotSent, swiftamqp.Unknown)) as caught:
            client.publish("", name, b"x", timeout=0.05)
        assert caught.value.cause_name == "SAMQP_ERR_TIMEOUT"
        client.wait(60)
        client.delete_queue(name)


def test_a_memory_alarm(url, name, broker):
    events = []
    with swiftamqp.connect(url, on_event=events.append) as client:
        client.declare_queue(name)
        client.publish("", name, b"before")
        broker.block()
        try:
            publisher = client.publisher(window=10)
            # The broker tells of an alarm only whom it hears publishing.
            publisher.enqueue("", name, b"first", timeout=5)
            eventually(lambda: any(event.type == "blocked" and event.value for event in events))
            with pytest.raises(swiftamqp.PublishError):
                client.publish("", name, b"late", timeout=0.2)
            with pytest.raises(swiftamqp.Timeout):
                while True:
                    publisher.enqueue("", name, b"more", timeout=0.1)
            with pytest.raises(swiftamqp.Timeout):
                publisher.flush(0.1)
            # Consuming goes on.
            with client.consumer(name) as consumer:
                consumer.get(10).ack()
        finally:
            broker.unblock()
        publisher.flush(60)
        eventually(lambda: any(event.type == "blocked" and not event.value for event in events))
        client.delete_queue(name)


@asynchronous
async def test_a_memory_alarm_and_asyncio(url, name, broker):
    async with aio.connect(url) as client:
        await client.declare_queue(name)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, broker.block)
        try:
            publisher = client.publisher(window=5)
            tasks = [asyncio.create_task(publisher.publish("", name, b"%d" % n)) for n in range(20)]
            while client.state != "blocked":
                await asyncio.sleep(0.01)
            # Some are taken, some wait for room; both may be cancelled.
            tasks[0].cancel()
            tasks[19].cancel()
            with pytest.raises(swiftamqp.Timeout):
                await publisher.flush(0.1)
            # One that waits for room is not sent; of one that was handed in nobody knows.
            pending = publisher.unconfirmed
            with pytest.raises(swiftamqp.NotSent) as caught:
                await publisher.publish("", name, b"no room", timeout=0.05)
            assert caught.value.cause_name == "SAMQP_ERR_TIMEOUT"
            with pytest.raises(swiftamqp.Unknown) as caught:
                await client.publish("", name, b"handed in", timeout=0.05)
            assert caught.value.cause_name == "SAMQP_ERR_TIMEOUT"
            assert publisher.unconfirmed == pending and client._publisher._pending == {}
            late = [asyncio.create_task(publisher.publish("", name, b"no room", timeout=30)) for _ in range(3)]
            await asyncio.sleep(0)
            late[0].cancel()
        finally:
            await loop.run_in_executor(None, broker.unblock)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[1:19] == [None] * 18
        results = await asyncio.gather(*late, return_exceptions=True)
        assert results[1:] == [None] * 2 and isinstance(results[0], asyncio.CancelledError)
        bodies = []
        async with client.consumer(name) as consumer:
            while b"handed in" not in bodies or bodies.count(b"no room") < 2:
                bodies.append((await consumer.get(10)).body)
        assert bodies.count(b"no room") == 2, "what was not sent is not there"
        await client.delete_queue(name)
