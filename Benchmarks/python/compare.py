"""This package beside pika and aio-pika: the same works, a process each, one at a time. Prints a table in Markdown.

compare.py [--rounds N] [--scale X] [--json FILE] [--sink PROGRAM]

Against amqp-sink, which takes and gives messages for next to nothing, the clients are measured; against RabbitMQ (AMQP_URL)
the broker's time is in it, too. --scale makes every work shorter or longer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

WORK = Path(__file__).with_name("work.py")
QUEUE = "swiftamqp-python-bench"

# Name, work, our messages, peer, its work and messages, the ratio that is aimed at.
ROWS = [
    ("publish: ours pipelined with confirms, pika without", "publish", 300_000, "pika", 20_000, 5),
    ("publish, 100 tasks awaiting confirms, aio-pika", "aio_publish", 100_000, "aio_pika", 10_000, 8),
    ("consume and ack, pika", "consume", 300_000, "pika", 30_000, 5),
    ("consume and ack, aio-pika", "aio_consume", 200_000, "aio_pika", 10_000, 5),
]


class Sink:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.process.stdout.readline().split()[1]}/"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def run(client, work, url, count, queue):
    """The line of a work; the time of the whole process where it prints none."""
    began = time.perf_counter()
    result = subprocess.run(
        [sys.executable, WORK, client, work, url, str(count), queue], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=300)
    seconds = time.perf_counter() - began
    if result.returncode:
        raise SystemExit(f"{client} {work} failed:\n{result.stderr}")
    return json.loads(result.stdout) if result.stdout else {"messages": 1, "seconds": seconds, "cpu": 0}


def prepare(url, work, count):
    """A fresh queue, with messages where the work consumes; its name."""
    import swiftamqp

    with swiftamqp.connect(url) as client:
        client.declare_queue(QUEUE)
        client.purge_queue(QUEUE)
        if work.endswith("consume"):
            with client.publisher() as publisher:
                for _ in range(count):
                    publisher.enqueue("", QUEUE, b"x" * 100)
    return QUEUE


def measure(url, is_sink, work, client, count, rounds):
    results = []
    for _ in range(rounds):
        if is_sink:
            queue = f"pour:{count}:100" if work.endswith("consume") else "bench"
        else:
            queue = prepare(url, work, count)
        results.append(run(client, work, url, count, queue))
    return {
        "rate": statistics.median(r["messages"] / r["seconds"] for r in results),
        "cpu_us": statistics.median(r["cpu"] / r["messages"] * 1e6 for r in results)}


def starts(url, client, rounds):
    return statistics.median(run(client, "start", url, 0, "-")["seconds"] for _ in range(rounds))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--json")
    parser.add_argument("--sink")
    arguments = parser.parse_args()
    places = []
    sink = Sink(arguments.sink) if arguments.sink else None
    if sink:
        places.append(("sink", sink.url, True, 1))
    if os.environ.get("AMQP_URL"):
        # A broker is slower than all of them.
        places.append(("RabbitMQ", os.environ["AMQP_URL"], False, 0.25))
    rows = []
    print("| against | what | ours, msg/s | peer, msg/s | ratio | aim | ours, CPU us | peer, CPU us | CPU ratio |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    try:
        for place, url, is_sink, part in places:
            for name, work, ours, peer, theirs, aim in ROWS:
                scale = arguments.scale * part
                mine = measure(url, is_sink, work, "swiftamqp", int(ours * scale), arguments.rounds)
                other = measure(url, is_sink, work, peer, int(theirs * max(scale, 0.1)), arguments.rounds)
                ratio, cpu = mine["rate"] / other["rate"], other["cpu_us"] / mine["cpu_us"]
                rows.append({"against": place, "name": name, "ours": mine, "peer": other, "ratio": ratio, "aim": aim})
                print(
                    f"| {place} | {name} | {mine['rate']:,.0f} | {other['rate']:,.0f} | {ratio:.1f} | >= {aim} | "
                    f"{mine['cpu_us']:.1f} | {other['cpu_us']:.1f} | {cpu:.1f} |", flush=True)
            mine, pika, aio_pika = (
                starts(url, client, arguments.rounds * 3) for client in ("swiftamqp", "pika", "aio_pika"))
            rows.append({"against": place, "name": "start", "ours": mine, "pika": pika, "aio_pika": aio_pika})
            print(
                f"| {place} | import, connect, close: ms | {mine * 1e3:.0f} | {pika * 1e3:.0f} (aio-pika "
                f"{aio_pika * 1e3:.0f}) | {mine / pika:.2f} | <= 1.5 | | | |", flush=True)
    finally:
        if sink:
            sink.stop()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


main()
