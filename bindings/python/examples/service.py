"""An asyncio service: handles several jobs at a time and publishes results; SIGTERM or Ctrl-C lets them finish, and not
longer than ten seconds.

service.py [URL]
"""

import asyncio
import logging
import signal
import sys
from typing import Optional

import swiftamqp
from swiftamqp import aio


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

        async def handle(delivery: swiftamqp.Delivery) -> None:
            # Acked at the end; where this raises, it is tried again, five times in all.
            await asyncio.sleep(0.01)
            await client.publish("", "example-results", delivery.body)

        # A little more than it has in hand: what waits here is not handled by anybody else meanwhile.
        subscription = client.consume("example-jobs", handle, concurrency=8, prefetch=20)
        print("ready", flush=True)
        await end.wait()
        # What was not begun goes back; what was is finished and acked.
        if not await subscription.close(10):
            logging.warning("some jobs were not finished; they go back")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
