"""The API for asyncio, against a broker."""

import asyncio
import datetime
import gc
import logging
import time
import weakref

import pytest

import swiftamqp
from conftest import asynchronous
from swiftamqp import aio


async def received(client, queue, count):
    bodies = []
    async with client.consumer(queue) as consumer:
        async for delivery in consumer:
            bodies.append(delivery.body)
            delivery.ack()
            if len(bodies) == count:
                break
    return bodies


@asynchronous
async def test_publish_and_consume(url, aqueue):
    async with aio.connect(url, name="test") as client:
        assert client.state == "open" and client.health() is None and client.is_live(1)
        await client.publish("", aqueue, b"hello", swiftamqp.Properties(headers={"a": 1}))
        async with client.consumer(aqueue) as consumer:
            assert consumer.tag
            delivery = await consumer.get(10)
            assert delivery.body == b"hello" and delivery.headers == {"a": 1}
            delivery.ack()
            assert await consumer.get(0) is None and await consumer.get(0.05) is None
    assert client.state == "closed"


@asynchronous
async def test_a_client_may_be_awaited(url, aqueue):
    client = await aio.connect(url)
    consumer = await client.consumer(aqueue)
    await client.publish("", aqueue, b"x")
    assert (await consumer.get(10)).body == b"x"
    assert await consumer.close() is False, "a delivery was not settled"
    await client.close()
    await client.close()


@asynchronous
async def test_outcomes_are_exceptions(url, name):
    async with aio.connect(url) as client:
        with pytest.raises(swiftamqp.Returned):
            await client.publish("", name, b"")
        await client.publish("", name, b"", mandatory=False)
        publisher = client.publisher()
        future = await publisher.enqueue("", name, b"")
        with pytest.raises(swiftamqp.Returned):
            await future
        with pytest.raises(swiftamqp.BatchError) as caught:
            await publisher.flush()
        assert caught.value.failed == 1
        with pytest.raises(TypeError):
            await client.publish("", name, "text")


@asynchronous
async def test_many_tasks_publish(url, aqueue):
    async with aio.connect(url) as client:
        publisher = client.publisher(window=20)

        async def work(task):
            for n in range(50):
                await publisher.publish("", aqueue, b"%d %d" % (task, n))

        await asyncio.gather(*(work(task) for task in range(20)))
        assert publisher.unconfirmed == 0
        bodies = await received(client, aqueue, 1000)
        for task in range(20):
            own = [body for body in bodies if body.startswith(b"%d " % task)]
            assert own == [b"%d %d" % (task, n) for n in range(50)]


@asynchronous
async def test_enqueue_waits_for_room_and_keeps_the_order(url, aqueue):
    async with aio.connect(url) as client:
        async with client.publisher(window=3) as publisher:
            futures = [await publisher.enqueue("", aqueue, b"%d" % n) for n in range(500)]
        assert all(future.done() and future.exception() is None for future in futures)
        assert await received(client, aqueue, 500) == [b"%d" % n for n in range(500)]


@asynchronous
async def test_enqueue_lets_others_run(url, aqueue):
    async with aio.connect(url) as client:
        turns = 0

        async def others():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        async with client.publisher() as publisher:
            for n in range(2000):
                await publisher.enqueue("", aqueue, b"x")
            assert turns > 5
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynchronous
async def test_futures_are_settled_without_their_publisher(url, aqueue):
    async with aio.connect(url) as client:
        future = await client.publisher().enqueue("", aqueue, b"x")
        gc.collect()
        await asyncio.wait_for(future, 10)


@asynchronous
async def test_tasks_share_a_consumer(url, aqueue):
    async with aio.connect(url) as client:
        consumer = await client.consumer(aqueue, prefetch=10)
        counts = [0] * 5

        async def work(index):
            async for delivery in consumer:
                await asyncio.sleep(0)
                delivery.ack()
                counts[index] += 1
                if sum(counts) == 500:
                    await consumer.close()

        tasks = [asyncio.create_task(work(index)) for index in range(5)]
        async with client.publisher() as publisher:
            for n in range(500):
                await publisher.enqueue("", aqueue, b"x")
        await asyncio.gather(*tasks)
        assert sum(counts) == 500


@asynchronous
async def test_acks_arrive_while_the_loop_has_nothing_else_to_do(url, aqueue):
    async with aio.connect(url) as client, aio.connect(url) as other:
        consumer = await client.consumer(aqueue)
        await client.publish("", aqueue, b"x")
        (await consumer.get(10)).ack()
        # Closing would give back what the broker does not know of.
        client.abort()
        await asyncio.sleep(0)
        assert await other.channel() is not None
        async with other.consumer(aqueue) as second:
            delivery = await second.get(0.5)
            assert delivery is None or delivery.redelivered


@asynchronous
async def test_get_batch(url, aqueue):
    async with aio.connect(url) as client:
        for n in range(5):
            await client.publish("", aqueue, b"%d" % n)
        async with client.consumer(aqueue) as consumer:
            bodies = []
            while len(bodies) < 5:
                batch = await consumer.get_batch(3, 10)
                assert 1 <= len(batch) <= 3
                bodies += [delivery.body for delivery in batch]
            assert bodies == [b"%d" % n for n in range(5)]
            assert await consumer.get_batch(timeout=0) == []


@asynchronous
async def test_process(url, aqueue):
    async with aio.connect(url) as client:
        await client.publish("", aqueue, b"x")
        async with client.consumer(aqueue) as consumer:
            with pytest.raises(RuntimeError):
                async with (await consumer.get(10)).process(requeue=True):
                    raise RuntimeError
            async with (await consumer.get(10)).process(requeue=False) as delivery:
                assert delivery.redelivered
            assert await consumer.get(0.1) is None


@asynchronous
async def test_a_consumer_that_nobody_has_any_more_ends(url, aqueue):
    async with aio.connect(url) as client:
        consumer = await client.consumer(aqueue)
        reference = weakref.ref(consumer)
        assert (await client.queue_status(aqueue)).consumers == 1
        del consumer
        gc.collect()
        assert reference() is None
        while (await client.queue_status(aqueue)).consumers:
            await asyncio.sleep(0.01)


@asynchronous
async def test_a_consumer_whose_queue_is_deleted_raises(url, name):
    async with aio.connect(url) as client:
        await client.declare_queue(name)
        consumer = await client.consumer(name, options={"consumer.when_cancelled": "end"})
        await client.delete_queue(name)
        with pytest.raises(swiftamqp.ConsumerCancelled):
            async for _ in consumer:
                pass
        with pytest.raises(swiftamqp.ConsumerCancelled):
            await consumer.get(1)


@asynchronous
async def test_topology_and_plain_channels(url, name):
    async with aio.connect(url) as client:
        await client.declare_exchange(name, "topic")
        assert (await client.declare_queue(name)).name == name
        await client.bind_queue(name, name, "#")
        await client.publish(name, "k", b"x")
        assert await client.purge_queue(name) == 1
        await client.unbind_queue(name, name, "#")
        topology = swiftamqp.Topology().queue(name)
        assert (await client.plan(topology)).is_applicable
        await client.apply(topology)
        channel = await client.channel()
        async with channel:
            await channel.tx_select()
            await channel.publish("", name, b"x")
            await channel.tx_commit()
            delivery = await channel.get(name)
            assert delivery.body == b"x"
            assert (await channel.check_queue(name)).name == name
            delivery.ack()
            await channel.tx_commit()
        assert not channel.is_open
        await client.delete_queue(name)
        await client.delete_exchange(name)
        with pytest.raises(swiftamqp.ChannelError) as caught:
            await client.queue_status(name)
        assert caught.value.reply_code == 404
        queue = await client.declare_queue(exclusive=True)
        assert client.current_queue_name(queue.name) == queue.name


@asynchronous
async def test_events_come_in_the_loop(url, caplog):
    caplog.set_level(logging.DEBUG, "swiftamqp")
    events = []
    async with aio.connect(url, on_event=events.append):
        pass
    assert [event.value for event in events if event.type == "state"][-1] == "closed"
    assert any("connected to" in record.getMessage() for record in caplog.records)


@asynchronous
async def test_what_does_not_connect_says_why(url):
    with pytest.raises(swiftamqp.ConnectError, match="refused"):
        await aio.connect("amqp://127.0.0.1:1/", timeout=0.3)
    with pytest.raises(swiftamqp.InvalidArgument):
        await aio.connect(url, options={"no.such.key": 1})


@asynchronous
async def test_a_publish_has_a_timeout(url, aqueue, name):
    async with aio.connect(url) as client:
        await client.publish("", aqueue, b"x", timeout=30)
        await client.publish("", aqueue, b"x", timeout=datetime.timedelta(seconds=30))
        with pytest.raises(swiftamqp.Returned):
            await client.publish("", name + "-missing", b"x", timeout=30)
        with pytest.raises(swiftamqp.NotSent) as caught:
            await client.publish("", aqueue, b"x", timeout=0)
        assert caught.value.cause_name == "SAMQP_ERR_TIMEOUT"
        assert (await client.queue_status(aqueue)).messages == 2
        assert client._publisher._pending == {}


# ---------------------------------------------------------------- Cancellation


@asynchronous
async def test_a_connect_may_be_cancelled(url):
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aio.connect("amqp://127.0.0.1:1/", timeout=60)._open(), 0.01)
    assert time.monotonic() - began < 10


@asynchronous
async def test_publishes_may_be_cancelled_at_any_time(url, aqueue):
    async with aio.connect(url) as client:
        publisher = client.publisher(window=10)
        done = 0

        async def work(n):
            nonlocal done
            await publisher.publish("", aqueue, b"%d" % n)
            done += 1

        tasks = [asyncio.create_task(work(n)) for n in range(1000)]
        for n, task in enumerate(tasks):
            if n % 3 == 0:
                await asyncio.sleep(0)
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        await publisher.publish("", aqueue, b"last")
        await publisher.flush()
        # What was confirmed is there; what was cancelled may be.
        assert done + 1 <= (await client.queue_status(aqueue)).messages <= 1001


@asynchronous
async def test_a_cancelled_get_loses_nothing(url, aqueue):
    async with aio.connect(url) as client:
        consumer = await client.consumer(aqueue, prefetch=5)
        bodies = []

        async def take():
            delivery = await consumer.get()
            bodies.append(delivery.body)
            delivery.ack()

        async with client.publisher() as publisher:
            for n in range(200):
                await publisher.enqueue("", aqueue, b"%d" % n)
        turn = 0
        while len(bodies) < 200:
            turn += 1
            tasks = [asyncio.create_task(take()) for _ in range(3)]
            await asyncio.sleep(0.0005 if turn % 2 else 0)
            tasks[turn % 3].cancel()
            await asyncio.wait(tasks, timeout=0.01)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(bodies, key=int) == [b"%d" % n for n in range(200)]


@asynchronous
async def test_questions_may_be_cancelled(url, name):
    async with aio.connect(url) as client:
        for n in range(50):
            task = asyncio.create_task(client.declare_queue(f"{name}", exclusive=True))
            await asyncio.sleep(0.0001 * (n % 5))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await client.declare_queue(name, exclusive=True)


@asynchronous
async def test_a_consume_that_is_cancelled_leaves_no_consumer(url, aqueue):
    async with aio.connect(url) as client:
        for n in range(20):
            opening = asyncio.ensure_future(client.consumer(aqueue)._open())
            await asyncio.sleep(0.0003 * (n % 4))
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            del opening
        gc.collect()
        while (await client.queue_status(aqueue)).consumers:
            gc.collect()
            await asyncio.sleep(0.01)


@asynchronous
async def test_abort_settles_every_future(url, aqueue):
    client = await aio.connect(url)
    publisher = client.publisher()
    futures = [await publisher.enqueue("", aqueue, b"x") for _ in range(500)]
    consumer = await client.consumer(aqueue)
    waiting = asyncio.create_task(consumer.get())
    await asyncio.sleep(0)
    client.abort()
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert all(result is None or isinstance(result, swiftamqp.PublishError) for result in results)
    await asyncio.gather(waiting, return_exceptions=True)
    with pytest.raises(swiftamqp.AMQPError):
        await publisher.publish("", aqueue, b"x")


def test_a_loop_that_ends_with_an_open_client(url, aqueue):
    async def leave():
        client = await aio.connect(url)
        await client.publish("", aqueue, b"x")

    with pytest.warns(ResourceWarning, match="unclosed"):
        asyncio.run(leave())
        gc.collect()
    # Another loop has nothing to do with it.
    asyncio.run(asynchronous_ping(url, aqueue))


async def asynchronous_ping(url, queue):
    async with aio.connect(url) as client:
        await client.publish("", queue, b"x")
