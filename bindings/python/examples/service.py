"""An asyncio service: several tasks handle jobs and publish results; SIGTERM or Ctrl-C lets them finish, and not longer
than ten seconds.

service.py [URL]
"""

import asyncio
import logging
import signal
import sys
from typing import Optional

import swiftamqp
from swiftamqp import aio


async def handle(client: aio.Client, delivery: swiftamqp.Delivery) -> None:
    # Acked at the end; back into the queue where this program is being ended, dead-lettered where the job fails.
    async with delivery.process(requeue=False):
        await asyncio.sleep(0.01)
        await client.publish("", "example-results", delivery.body)


async def work(client: aio.Client, consumer: aio.Consumer) -> None:
    async for delivery in consumer:
        try:
            await handle(client, delivery)
        except swiftamqp.PublishError as error:
            logging.warning("a result was not published: %s", error)


def tell(event: swiftamqp.Event) -> None:
    if event.type == "state":
        logging.info("state: %s %s", event.value, event.text)


async def main(url: Optional[str]) -> None:
    topology = swiftamqp.Topology().queue("example-jobs", quorum=True).queue("example-results")
    async with aio.connect(url, name="service", topology=topology, on_event=tell) as client:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
        # A little more than the tasks have in hand: what waits here is not handled by anybody else meanwhile.
        consumer = await client.consumer("example-jobs", prefetch=20)
        tasks = [asyncio.create_task(work(client, consumer)) for _ in range(8)]
        print("ready", flush=True)
        await end.wait()
        # What was not given out goes back; what was is finished and acked.
        if not await consumer.close(10):
            logging.warning("some jobs were not finished; they go back")
        await asyncio.wait(tasks, timeout=1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
