"""A worker: takes jobs from a queue, and ends in good order on Ctrl-C or SIGTERM.

worker.py [URL]
"""

import logging
import signal
import sys

import swiftamqp


def handle(body: bytes) -> None:
    print("did", body.decode())


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    topology = swiftamqp.Topology().queue("example-jobs", quorum=True)
    with swiftamqp.connect(sys.argv[1] if len(sys.argv) > 1 else None, name="worker", topology=topology) as client:
        consumer = client.consumer("example-jobs", prefetch=20)
        # The iteration ends, and with it the block. A handler runs between two deliveries, never within a call.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            for delivery in consumer:
                # Acked at the end; where the job fails, dead-lettered or dropped.
                with delivery.process(requeue=False):
                    handle(delivery.body)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
