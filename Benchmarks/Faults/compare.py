"""Runs each peer through each fault, against a node of its own, and prints what happened as a table in Markdown.

scripts/compare-faults runs this under scripts/with-broker, once for each peer:

    compare.py NAME VERSION COMMAND...
"""
import os
import queue
import re
import subprocess
import sys
import threading
import time

from broker import Broker
from proxy import Proxy


class Peer:
    """One run of the peer's program."""

    def __init__(self, command, scenario, port, queue_name):
        url = f"amqp://guest:guest@127.0.0.1:{port}/%2F"
        self.process = subprocess.Popen(
            [*command, scenario, url, queue_name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def cue(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def expect(self, word, within=30):
        """The rest of the next line that begins with the word; None if none comes."""
        end = time.monotonic() + within
        last = ""
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None
            if line is None:
                raise RuntimeError(f"the peer has ended before it said {word}: {last} {' '.join(self.errors)[-500:]}")
            first, _, rest = line.partition(" ")
            if first == word:
                return rest
            last = line

    def __enter__(self):
        if self.expect("ready") is None:
            raise RuntimeError("the peer was not ready within 30 s")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Faults:
    def __init__(self, command, port):
        self.command = command
        self.broker = Broker(port)

    def start(self, scenario, port=None):
        return Peer(self.command, scenario, port or self.broker.port, scenario)

    def with_proxy(self, scenario, body):
        proxy = Proxy(self.broker.port)
        try:
            with self.start(scenario, proxy.port) as peer:
                return body(proxy, peer)
        finally:
            proxy.close()

    def lost_confirm(self):
        def body(proxy, peer):
            proxy.eats_next_confirm = True
            peer.cue()
            said = peer.expect("publish")
            if not proxy.confirm_was_eaten.is_set():
                raise RuntimeError("no confirm came by")
            return f"{said}; the queue holds {self.broker.messages('lost-confirm')}"
        return self.with_proxy("lost-confirm", body)

    def stale_ack(self):
        def body(proxy, peer):
            proxy.reset_all()
            peer.cue()
            order = peer.expect("redelivered")
            ack = peer.expect("ack").split(";")[0]
            left = self.messages_settled("stale-ack", 2)
            return f"redelivered {order}; the old ack of A: {ack}; {left} of 2 messages are left"
        return self.with_proxy("stale-ack", body)

    def messages_settled(self, name, expected):
        """An ack that is wrong may need a moment: looks for a second before it believes that none came."""
        for _ in range(4):
            count = self.broker.messages(name)
            if count != expected:
                return count
            time.sleep(0.25)
        return expected

    def kill(self):
        with self.start("kill") as peer:
            self.broker.kill()
            accepting = self.broker.restart()
            found = {}
            again = None
            end = time.monotonic() + 150
            words = ("errors", "confirmed", "nacked", "failed", "open")
            while True:
                try:
                    line = peer.lines.get(timeout=max(0.01, end - time.monotonic()))
                except queue.Empty:
                    return "did not end within 150 s"
                if line is None:
                    break
                word, _, rest = line.partition(" ")
                if word == "again":
                    again = int(rest) / 1000 - accepting
                elif word in words:
                    found[word] = rest
        self.broker.ctl("await_startup")
        numbers = {word: self.numbers(found.get(word, "")) for word in ("confirmed", "nacked", "failed", "open")}
        drain = Peer(self.command, "drain", self.broker.port, "kill")
        # Above that are the attempts to publish again.
        present = [number for number in self.numbers(drain.expect("found", 120)) if number < 20_000]
        drain.__exit__()
        there = set(present)
        total = sum(map(len, numbers.values()))
        text = [f"{len(numbers['confirmed'])} of 20000 confirmed, {len(set(numbers['confirmed']) - there)} of them lost"]
        if numbers["nacked"]:
            both = len(set(numbers["nacked"]) & there)
            text.append(f"{len(numbers['nacked'])} told as not confirmed, {both} of them in the queue")
        if numbers["failed"]:
            both = len(set(numbers["failed"]) & there)
            kinds = f" ({found['errors']})" if found.get("errors") else ""
            text.append(f"{len(numbers['failed'])} errors{kinds}, {both} of them in the queue")
        text.append(f"{20000 - total + len(numbers['open'])} without an outcome")
        text.append(f"{len(present) - len(there)} twice in the queue")
        text.append(
            "does not publish again by itself" if again is None
            else f"publishes again {again:.1f} s after the node accepts connections")
        return "; ".join(text)

    @staticmethod
    def numbers(text):
        return [int(word) for word in (text or "").split(",") if word]

    def alarm(self):
        with self.start("alarm") as peer:
            self.broker.set_memory_alarm(True)
            start = time.monotonic()
            try:
                peer.cue()
                publish = peer.expect("publish", 15)
                peer.expect("closing", 5)
                close = peer.expect("close", max(0, start + 20 - time.monotonic()))
            finally:
                self.broker.set_memory_alarm(False)
            if close is not None:
                return f"publish: {publish}; close() ended under the alarm: {close}"
            close = peer.expect("close", 15)
            if close is None:
                return f"publish: {publish}; close() has not ended 15 s after the alarm"
            return f"publish: {publish}; close() ended only after the alarm: {close}"

    def half_open(self):
        with self.start("half-open") as peer:
            # Past the first heartbeats, so that nothing of the handshake counts.
            time.sleep(3)
            start = time.time()
            self.broker.pause()
            try:
                said = peer.expect("noticed", 40)
            finally:
                self.broker.resume()
            if said is None:
                return "not noticed within 40 s"
            at, _, words = said.partition(" ")
            return f"noticed after {int(at) / 1000 - start:.1f} s: {words}"

    def deleted_queue(self):
        with self.start("deleted-queue") as peer:
            # The consumer has to be there; the broker has no event for that.
            for _ in range(40):
                if "deleted-queue" in self.broker.ctl("list_consumers", "queue_name"):
                    break
            self.broker.delete_queue("deleted-queue")
            return f"hears: {peer.expect('heard', 25)}"


SCENARIOS = {
    "reset before the confirm is read": Faults.lost_confirm,
    "old ack after a reconnect": Faults.stale_ack,
    "kill -9 in 20,000 publishes": Faults.kill,
    "memory alarm for 20 s, deadline 5 s": Faults.alarm,
    "broker stopped, heartbeat 2 s": Faults.half_open,
    "queue deleted under a consumer": Faults.deleted_queue,
}


def main():
    name, version, *command = sys.argv[1:]
    only = os.environ.get("FAULTS_ONLY", "")
    port = int(re.search(r":(\d+)/", os.environ["AMQP_URL"]).group(1))
    faults = Faults(command, port)
    failed = False
    for scenario, run in SCENARIOS.items():
        if only not in scenario:
            continue
        try:
            what = run(faults)
        except Exception as error:
            what, failed = f"not run: {' '.join(str(error).split())}", True
        print(f"| {name} {version} | {scenario} | {what.replace('|', '/')} |", flush=True)
    sys.exit(1 if failed else 0)


main()
