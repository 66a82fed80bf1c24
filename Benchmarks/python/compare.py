"""This package beside pika and aio-pika: the same works, a process each, one at a time. Prints a table in Markdown.

compare.py [--rounds N] [--scale X] [--json FILE] [--sink PROGRAM]

Against amqp-sink, which takes and gives messages for next to nothing, the clients are measured; against RabbitMQ (AMQP_URL)
the broker's time is in it, too: where it runs on this machine, the last columns say how much of the processors it used meanwhile.
--scale makes every work shorter or longer.
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

# Name, our work and messages, peer, its work and messages, the ratio that is aimed at.
ROWS = [
    ("publish: ours pipelined with confirms, pika without", "publish", 300_000, "pika", "publish", 40_000, 5),
    ("publish: both with confirms, ours pipelined, pika one by one", "publish", 300_000, "pika", "confirm", 20_000, None),
    ("publish: ours until handed in, pika without confirms", "enqueue", 300_000, "pika", "publish", 40_000, None),
    ("publish, 100 tasks awaiting confirms, aio-pika", "aio_publish", 100_000, "aio_pika", "aio_publish", 10_000, 8),
    ("consume and ack, pika", "consume", 300_000, "pika", "consume", 40_000, 5),
    ("consume and ack, aio-pika", "aio_consume", 200_000, "aio_pika", "aio_consume", 10_000, 5),
    ("a handler in a thread, pika's callback", "handle", 60_000, "pika", "consume", 40_000, None),
    ("handlers as tasks, aio-pika's callback", "aio_handle", 60_000, "aio_pika", "aio_handle", 10_000, None),
]
CONSUMES = ("consume", "handle")


class Sink:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.process.stdout.readline().split()[1]}/"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def broker_process():
    """The node of scripts/with-broker; None where AMQP_URL is another."""
    if "SWIFTAMQP_BROKER_KEEPER" not in os.environ:
        return None
    folder = Path(os.environ["SWIFTAMQP_BROKER_LOG"]).parent.parent
    marker = f"SWIFTAMQP_BROKER_DIR={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_node = (process / "comm").read_text().strip() == "beam.smp"
            if is_node and marker in (process / "environ").read_bytes().split(b"\0"):
                return process.name
        except OSError:
            continue
    return None


def run(client, work, url, count, queue, broker=None):
    """The line of a work; the time of the whole process where it prints none."""
    began = time.perf_counter()
    result = subprocess.run(
        [sys.executable, WORK, client, work, url, str(count), queue], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=300, env={**os.environ, **({"BENCH_BROKER": broker} if broker else {})})
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
        if work.endswith(CONSUMES):
            with client.publisher() as publisher:
                for _ in range(count):
                    publisher.enqueue("", QUEUE, b"x" * 100)
    return QUEUE


def measure(url, is_sink, work, client, count, rounds):
    results = []
    broker = None if is_sink else broker_process()
    for _ in range(rounds):
        if is_sink:
            queue = f"pour:{count}:100" if work.endswith(CONSUMES) else "bench"
        else:
            queue = prepare(url, work, count)
        results.append(run(client, work, url, count, queue, broker))
    figures = {
        "rate": statistics.median(r["messages"] / r["seconds"] for r in results),
        "cpu_us": statistics.median(r["cpu"] / r["messages"] * 1e6 for r in results)}
    if broker:
        figures["broker_cpu_us"] = statistics.median(r["broker"] / r["messages"] * 1e6 for r in results)
        figures["broker_cores"] = statistics.median(r["broker"] / r["seconds"] for r in results)
    return figures


def line(place, name, mine, other, ratio, aim):
    aims = "" if aim is None else f">= {aim}" if ratio >= aim else f">= {aim}, missed"
    columns = [
        place, name, f"{mine['rate']:,.0f}", f"{other['rate']:,.0f}", f"{ratio:.1f}", aims, f"{mine['cpu_us']:.1f}",
        f"{other['cpu_us']:.1f}"]
    for key, form in (("broker_cpu_us", ".0f"), ("broker_cores", ".2f")):
        columns.append(" / ".join(format(side[key], form) for side in (mine, other)) if key in mine else "")
    return "| " + " | ".join(columns) + " |"


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
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}; CPU is that of a message.\n")
    print("| against | what | ours, msg/s | peer, msg/s | ratio | aim | ours, CPU us | peer, CPU us |"
          " broker meanwhile, CPU us: ours / peer | broker, cores: ours / peer |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    try:
        for place, url, is_sink, part in places:
            known = {}
            for name, work, ours, peer, peer_work, theirs, aim in ROWS:
                scale = arguments.scale * part
                sides = []
                for side in (("swiftamqp", work, int(ours * scale)), (peer, peer_work, int(theirs * max(scale, 0.1)))):
                    # Some stand in several rows.
                    if side not in known:
                        known[side] = measure(url, is_sink, side[1], side[0], side[2], arguments.rounds)
                    sides.append(known[side])
                mine, other = sides
                ratio = mine["rate"] / other["rate"]
                rows.append({"against": place, "name": name, "ours": mine, "peer": other, "ratio": ratio, "aim": aim})
                print(line(place, name, mine, other, ratio, aim), flush=True)
            mine, pika, aio_pika = (
                starts(url, client, arguments.rounds * 3) for client in ("swiftamqp", "pika", "aio_pika"))
            rows.append({"against": place, "name": "start", "ours": mine, "pika": pika, "aio_pika": aio_pika})
            print(
                f"| {place} | import, connect, close: ms | {mine * 1e3:.0f} | {pika * 1e3:.0f} (aio-pika "
                f"{aio_pika * 1e3:.0f}) | {mine / pika:.2f} | <= 1.5{', missed' if mine > pika * 1.5 else ''} | | | | |",
                flush=True)
    finally:
        if sink:
            sink.stop()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


main()
