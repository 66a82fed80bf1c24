"""Publishes lines of standard input, many at a time, and says what became of them.

publisher.py [URL] < FILE
"""

import sys

import swiftamqp


def main() -> int:
    with swiftamqp.connect(sys.argv[1] if len(sys.argv) > 1 else None, name="publisher") as client:
        client.declare_queue("example-jobs", quorum=True)
        properties = swiftamqp.Properties(content_type="text/plain", app_id="example")
        try:
            with client.publisher(window=1000) as publisher:
                for line in sys.stdin.buffer:
                    publisher.enqueue("", "example-jobs", line.rstrip(b"\n"), properties)
                print(publisher.flush(), "confirmed")
        except swiftamqp.BatchError as error:
            for tag, failure in error.failures:
                # Tags count from 1: the line of the file.
                print(f"line {tag}: {type(failure).__name__}: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
