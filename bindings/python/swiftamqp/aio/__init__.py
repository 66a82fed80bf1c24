"""SwiftAMQP for asyncio.

>>> async with swiftamqp.aio.connect("amqp://guest:guest@localhost/") as client:
...     await client.declare_queue("jobs")
...     await client.publish("", "jobs", b"hello")
...     async with client.consumer("jobs") as consumer:
...         async for delivery in consumer:
...             delivery.ack()

Properties, Topology, Field and the exceptions are those of ``swiftamqp``.
"""

from ._channel import Channel
from ._client import Client, connect
from ._consumer import Consumer
from ._publisher import Publisher
from ._subscription import Subscription

__all__ = ["Channel", "Client", "Consumer", "Publisher", "Subscription", "connect"]
