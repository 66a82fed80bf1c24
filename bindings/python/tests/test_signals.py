"""Ctrl-C in a program that waits, behind a proxy that has stopped: the wait ends, and what was begun has its outcome later."""

import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.parse

import pytest


class Proxy:
    """Hands bytes on, or, while it is frozen, nothing in either direction."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.target = (parts.hostname, parts.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(netloc=f"guest:guest@127.0.0.1:{self.listener.getsockname()[1]}").geturl()
        self.flows = threading.Event()
        self.flows.set()
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            pair = (client, socket.create_connection(self.target))
            self.sockets += pair
            threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, client, server):
        other = {client: server, server: client}
        try:
            while True:
                readable, _, _ = select.select([client, server], [], [])
                self.flows.wait()
                for one in readable:
                    data = one.recv(65536)
                    if not data:
                        return
                    other[one].sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            client.close()
            server.close()

    def close(self):
        self.flows.set()
        for one in (self.listener, *self.sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


@pytest.fixture
def proxy(url):
    proxy = Proxy(url)
    yield proxy
    proxy.close()


PROGRAM = """
import signal, sys, threading, time, warnings
import swiftamqp
warnings.simplefilter("ignore")
signal.signal(signal.SIGINT, signal.default_int_handler)
url, queue = sys.argv[1:]
client = swiftamqp.connect(url, heartbeat=60)
publisher = client.publisher(window=2)
publisher.publish("", queue, b"before")
consumer, channel = client.consumer(queue, prefetch=1), client.channel()
consumer.get()
subscription = client.consume(queue, lambda delivery: None)
print("ready", flush=True)
sys.stdin.readline()
publisher.enqueue("", queue, b"enqueued")
try:
    {call}
    print("it has returned", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
sys.stdin.readline()
try:
    # The window is 2: one more waits for the first of them.
    confirmed = publisher.flush(30)
    publisher.publish("", queue, b"after", timeout=30)
    print(confirmed, publisher.flush(30), flush=True)
except swiftamqp.BatchError as error:
    print(error.failures, flush=True)
client.abort()
"""


@pytest.mark.parametrize("call, confirmed", [
    ("publisher.publish('', queue, b'interrupted')", 2),
    ("publisher.publish('', queue, b'interrupted', timeout=60)", 2),
    ("[publisher.publish('', queue, b'interrupted') for _ in range(3)]", 2),
    ("[publisher.enqueue('', queue, b'interrupted') for _ in range(3)]", 2),
    ("publisher.flush()", 1),
    ("consumer.get()", 1),
    ("consumer.get_batch(timeout=60)", 1),
    ("next(consumer)", 1),
    ("client.consumer(queue)", 1),
    ("client.declare_queue(queue)", 1),
    ("client.queue_status(queue)", 1),
    ("channel.get(queue)", 1),
    ("channel.publish('', queue, b'interrupted')", 1),
    ("consumer.close(60)", 1),
    ("subscription.wait()", 1),
    ("swiftamqp.connect(url)", 1),
])
def test_an_interrupt_ends_a_wait(proxy, aqueue, call, confirmed):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM.format(call=call)), proxy.url, aqueue], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        proxy.flows.clear()
        process.stdin.write("\n")
        # It waits, or is about to: nothing tells which.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n", process.stderr.read()
        proxy.flows.set()
        process.stdin.write("\n")
        assert process.stdout.readline() == f"{confirmed} 0\n", process.stderr.read()
        process.stdin.close()
        assert process.wait(30) == 0, process.stderr.read()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def test_a_signal_that_raises_nothing_ends_nothing(proxy, aqueue):
    program = """
        import signal, sys, swiftamqp
        signal.signal(signal.SIGUSR1, lambda *_: (print("signal", flush=True), client.publisher().enqueue("", queue, b"x")))
        url, queue = sys.argv[1:]
        with swiftamqp.connect(url, heartbeat=60) as client:
            client.publish("", queue, b"x")
            print("ready", flush=True)
            sys.stdin.readline()
            client.publish("", queue, b"x")
            client.queue_status(queue)
            print("done", flush=True)
        """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), proxy.url, aqueue], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert process.stdout.readline() == "ready\n"
        proxy.flows.clear()
        process.stdin.write("\n")
        for _ in range(3):
            process.send_signal(signal.SIGUSR1)
            assert process.stdout.readline() == "signal\n"
        proxy.flows.set()
        assert process.stdout.readline() == "done\n"
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
