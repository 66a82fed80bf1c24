"""One work of one client: prints a line of JSON with messages, seconds, and CPU seconds of the whole process, and of the process
that BENCH_BROKER names.

work.py CLIENT WORK URL COUNT [QUEUE]
"""

import asyncio
import json
import os
import resource
import sys
import time

BODY = b"x" * 100
TASKS = 100
PREFETCH = 256


class Clock:
    """Measures from its making to its stop: connecting is not in it."""

    def __init__(self):
        self.broker = self.used_by_broker()
        self.began = time.perf_counter()
        self.cpu = self.used()

    @staticmethod
    def used():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    @staticmethod
    def used_by_broker():
        """All threads, user and system, in hundredths of a second."""
        if "BENCH_BROKER" not in os.environ:
            return 0
        with open(f"/proc/{os.environ['BENCH_BROKER']}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, count):
        seconds, cpu = time.perf_counter() - self.began, self.used() - self.cpu
        broker = self.used_by_broker() - self.broker
        print(json.dumps({"messages": count, "seconds": seconds, "cpu": cpu, "broker": broker}), flush=True)


def share(count):
    """How many messages each of the tasks publishes."""
    return [count // TASKS] * TASKS


# ---------------------------------------------------------------- Ours


def swiftamqp_publish(url, count, queue):
    import swiftamqp

    with swiftamqp.connect(url) as client:
        publisher = client.publisher()
        clock = Clock()
        for _ in range(count):
            publisher.enqueue("", queue, BODY)
        assert publisher.flush(60) == count
        clock.stop(count)


def swiftamqp_enqueue(url, count, queue):
    import swiftamqp

    with swiftamqp.connect(url) as client:
        publisher = client.publisher(window=count)
        clock = Clock()
        for _ in range(count):
            publisher.enqueue("", queue, BODY)
        clock.stop(count)
        assert publisher.flush(60) == count


def swiftamqp_handle(url, count, queue):
    import threading

    import swiftamqp

    left, done = count, threading.Event()

    def handle(delivery):
        nonlocal left
        assert len(delivery.body) == len(BODY)
        left -= 1
        if not left:
            done.set()

    with swiftamqp.connect(url) as client:
        clock = Clock()
        with client.consume(queue, handle, prefetch=PREFETCH):
            done.wait()
        clock.stop(count)


def swiftamqp_consume(url, count, queue):
    import swiftamqp

    with swiftamqp.connect(url) as client:
        clock = Clock()
        left = count
        with client.consumer(queue, prefetch=PREFETCH) as consumer:
            for delivery in consumer:
                assert len(delivery.body) == len(BODY)
                delivery.ack()
                left -= 1
                if not left:
                    break
            clock.stop(count)


async def swiftamqp_aio_publish(url, count, queue):
    from swiftamqp import aio

    async with aio.connect(url) as client:
        publisher = client.publisher()

        async def work(messages):
            for _ in range(messages):
                await publisher.publish("", queue, BODY)

        clock = Clock()
        await asyncio.gather(*map(work, share(count)))
        clock.stop(count)


async def swiftamqp_aio_consume(url, count, queue):
    from swiftamqp import aio

    async with aio.connect(url) as client:
        clock = Clock()
        left = count
        async with client.consumer(queue, prefetch=PREFETCH) as consumer:
            async for delivery in consumer:
                assert len(delivery.body) == len(BODY)
                delivery.ack()
                left -= 1
                if not left:
                    break
            clock.stop(count)


async def swiftamqp_aio_handle(url, count, queue):
    from swiftamqp import aio

    left, done = count, asyncio.Event()

    async def handle(delivery):
        nonlocal left
        assert len(delivery.body) == len(BODY)
        left -= 1
        if not left:
            done.set()

    async with aio.connect(url) as client:
        clock = Clock()
        async with client.consume(queue, handle, concurrency=TASKS, prefetch=PREFETCH):
            await done.wait()
        clock.stop(count)


def swiftamqp_start(url, count, queue):
    import swiftamqp

    swiftamqp.connect(url).close()


# ---------------------------------------------------------------- Peers


def pika_publish(url, count, queue):
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    properties = pika.BasicProperties(delivery_mode=2)
    clock = Clock()
    for _ in range(count):
        channel.basic_publish("", queue, BODY, properties)
    # Closing waits for an answer that comes after everything was read.
    channel.close()
    clock.stop(count)
    connection.close()


def pika_confirm(url, count, queue):
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2)
    clock = Clock()
    for _ in range(count):
        channel.basic_publish("", queue, BODY, properties)
    clock.stop(count)
    connection.close()


def pika_consume(url, count, queue):
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=PREFETCH)
    left = count

    def handle(channel, method, properties, body):
        nonlocal left
        assert len(body) == len(BODY)
        channel.basic_ack(method.delivery_tag)
        left -= 1
        if not left:
            channel.stop_consuming()

    clock = Clock()
    channel.basic_consume(queue, handle)
    channel.start_consuming()
    clock.stop(count)
    connection.close()


def pika_start(url, count, queue):
    import pika

    pika.BlockingConnection(pika.URLParameters(url)).close()


async def aio_pika_aio_publish(url, count, queue):
    import aio_pika

    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = channel.default_exchange

        async def work(messages):
            for _ in range(messages):
                message = aio_pika.Message(BODY, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await exchange.publish(message, queue)

        clock = Clock()
        await asyncio.gather(*map(work, share(count)))
        clock.stop(count)


async def aio_pika_aio_consume(url, count, queue):
    import aio_pika

    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        source = await channel.get_queue(queue, ensure=False)
        clock = Clock()
        left = count
        async with source.iterator() as messages:
            async for message in messages:
                assert len(message.body) == len(BODY)
                await message.ack()
                left -= 1
                if not left:
                    break
            clock.stop(count)


async def aio_pika_aio_handle(url, count, queue):
    import aio_pika

    left, done = count, asyncio.Event()

    async def handle(message):
        nonlocal left
        async with message.process():
            assert len(message.body) == len(BODY)
        left -= 1
        if not left:
            done.set()

    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        source = await channel.get_queue(queue, ensure=False)
        clock = Clock()
        await source.consume(handle)
        await done.wait()
        clock.stop(count)


async def aio_pika_start(url, count, queue):
    import aio_pika

    await (await aio_pika.connect_robust(url)).close()


def main():
    client, work, url, count, queue = sys.argv[1:6]
    function = globals()[f"{client}_{work}"]
    result = function(url, int(count), queue)
    if asyncio.iscoroutine(result):
        asyncio.run(result)
    # The rest of a work that was stopped half way is nobody's time.
    sys.stdout.flush()
    if work.endswith(("consume", "handle")):
        os._exit(0)


main()
