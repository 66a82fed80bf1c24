"""A worker: takes jobs from a queue; on Ctrl-C or SIGTERM it finishes the job that it has, and ends.

worker.py [URL]
"""

import logging
import signal
import sys
import threading

import swiftamqp


def handle(body: bytes) -> None:
    print("did", body.decode())


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    topology = swiftamqp.Topology().queue("example-jobs", quorum=True)
    with swiftamqp.connect(sys.argv[1] if len(sys.argv) > 1 else None, name="worker", topology=topology) as client:
        # What was not given out when the block ends goes back to the queue.
        with client.consumer("example-jobs", prefetch=20) as consumer:
            while not ending.is_set():
                delivery = consumer.get(timeout=0.5)
                if delivery is None:
                    continue
                # Acked at the end; where the job fails, dead-lettered or dropped.
                with delivery.process(requeue=False):
                    handle(delivery.body)


if __name__ == "__main__":
    main()
