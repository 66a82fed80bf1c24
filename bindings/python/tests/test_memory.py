"""A million messages, and no more memory than ten thousand."""

import asyncio
import threading

import pytest

import swiftamqp
from swiftamqp import aio

pytestmark = pytest.mark.slow


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_memory_is_flat_for_threads(url, name):
    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        properties = swiftamqp.Properties(headers={"a": 1}, delivery_mode=1)
        publisher = client.publisher(window=2000)
        consumer = client.consumer(name, prefetch=500)
        sizes = []
        for turn in range(100):
            for n in range(10_000):
                publisher.enqueue("", name, b"x" * 100, properties)
            publisher.flush()
            for n in range(10_000):
                delivery = consumer.get(30)
                assert delivery.headers == {"a": 1} and len(delivery.body) == 100
                delivery.ack()
            sizes.append(resident())
        consumer.close()
        client.delete_queue(name)
        grown = sizes[-1] - sizes[19]
        assert grown < 8 << 20, f"grew by {grown >> 10} KiB over 800,000 messages"


def test_memory_is_flat_for_asyncio(url, name):
    async def run():
        async with aio.connect(url) as client:
            await client.declare_queue(name)
            publisher = client.publisher(window=2000)
            consumer = await client.consumer(name, prefetch=500)
            sizes = []
            for turn in range(30):
                for n in range(10_000):
                    await publisher.enqueue("", name, b"x" * 100)
                await publisher.flush()
                for n in range(10_000):
                    (await consumer.get(30)).ack()
                sizes.append(resident())
            await consumer.close()
            await client.delete_queue(name)
            return sizes[-1] - sizes[9]

    grown = asyncio.run(run())
    assert grown < 8 << 20, f"grew by {grown >> 10} KiB over 200,000 messages"


def test_memory_is_flat_for_handlers(url, name):
    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        publisher = client.publisher(window=2000)
        handled = threading.Semaphore(0)

        def handle(delivery):
            assert len(delivery.body) == 100 and memoryview(delivery)[0] == 120
            handled.release()

        sizes = []
        with client.consume(name, handle, concurrency=2, prefetch=500):
            for turn in range(30):
                for n in range(5_000):
                    publisher.enqueue("", name, b"x" * 100)
                publisher.flush()
                for n in range(5_000):
                    assert handled.acquire(timeout=30)
                sizes.append(resident())
        client.delete_queue(name)
        grown = sizes[-1] - sizes[9]
        assert grown < 8 << 20, f"grew by {grown >> 10} KiB over 100,000 messages"
