"""The examples do what they say."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import swiftamqp
from conftest import eventually

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
QUEUES = ("example-jobs", "example-results", "example-squares")


@pytest.fixture(autouse=True)
def queues(url):
    with swiftamqp.connect(url) as client:
        yield client
        for queue in QUEUES:
            try:
                client.delete_queue(queue)
            except swiftamqp.ChannelError:
                pass


def start(name, **keywords):
    return subprocess.Popen(
        [sys.executable, EXAMPLES / name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, **keywords)


def test_publisher_and_worker(queues):
    publisher = start("publisher.py", stdin=subprocess.PIPE)
    output, _ = publisher.communicate("one\ntwo\nthree\n", timeout=30)
    assert publisher.returncode == 0 and "3 confirmed" in output, output
    worker = start("worker.py", stdin=subprocess.DEVNULL)
    try:
        lines = []
        while sum("did" in line for line in lines) < 3:
            lines.append(worker.stdout.readline())
            assert lines[-1], lines
        worker.send_signal(signal.SIGTERM)
        output, _ = worker.communicate(timeout=30)
        assert worker.returncode == 0, output
    finally:
        worker.kill()
    assert queues.queue_status("example-jobs").messages == 0


def test_rpc():
    rpc = start("rpc.py", stdin=subprocess.DEVNULL)
    output, _ = rpc.communicate(timeout=30)
    assert rpc.returncode == 0 and "4 16" in output, output


def test_service(queues):
    service = start("service.py", stdin=subprocess.DEVNULL)
    try:
        while "ready" not in (line := service.stdout.readline()):
            assert line, "it has ended"
        with queues.publisher() as publisher:
            for n in range(50):
                publisher.enqueue("", "example-jobs", b"%d" % n)
        eventually(lambda: queues.queue_status("example-results").messages > 0)
        service.send_signal(signal.SIGTERM)
        output, _ = service.communicate(timeout=30)
        assert service.returncode == 0, output
    finally:
        service.kill()
    # Each job is done or still there.
    done, left = (queues.queue_status(queue).messages for queue in ("example-results", "example-jobs"))
    assert done + left == 50 and done > 0
