"""A broker for the tests: that of scripts/with-broker, which can be restarted, or the one of AMQP_URL."""

import asyncio
import functools
import itertools
import os
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

import swiftamqp

numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that are marked slow, too")


def pytest_collection_modifyitems(config, items):
    keeper = os.environ.get("SWIFTAMQP_BROKER_KEEPER")
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="takes more than half a minute; --slow runs it"))
        if "restarts" in item.keywords and not keeper:
            item.add_marker(pytest.mark.skip(reason="needs a broker of scripts/with-broker, which it may restart"))


@pytest.fixture(scope="session")
def url():
    if "AMQP_URL" not in os.environ:
        pytest.exit("AMQP_URL is not set: run scripts/with-broker pytest ..., or make python-test", 2)
    return os.environ["AMQP_URL"]


@pytest.fixture
def client(url):
    with swiftamqp.connect(url, name="test") as client:
        yield client


@pytest.fixture
def name(request):
    """A name that nobody else uses."""
    return f"python-{os.getpid()}-{next(numbers)}"


@pytest.fixture
def queue(client, name):
    client.declare_queue(name)
    yield name
    if client.state != "closed":
        client.delete_queue(name)


@pytest.fixture
def aqueue(url, name):
    """A queue that is there without a client of the test."""
    with swiftamqp.connect(url) as client:
        client.declare_queue(name)
        yield name
        client.delete_queue(name)


def asynchronous(test):
    """Runs a coroutine as a test, by a deadline, and checks that it leaves no task behind."""

    @functools.wraps(test)
    def run(*args, **keywords):
        async def checked():
            await asyncio.wait_for(test(*args, **keywords), 120)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left

        asyncio.run(checked())

    return run


def eventually(condition, seconds=30.0):
    """Waits until something holds that no event tells."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


class Broker:
    """Control of a node of scripts/with-broker."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.folder = str(Path(os.environ["SWIFTAMQP_BROKER_LOG"]).parent.parent)

    def restart(self):
        """Kills the node; it is started again by itself."""
        os.kill(int(os.environ["SWIFTAMQP_BROKER_KEEPER"]), signal.SIGUSR1)

    def wait(self):
        def accepts():
            try:
                socket.create_connection(self.address, 1).close()
                return True
            except OSError:
                return False

        eventually(accepts, 60)

    def control(self, *arguments):
        """rabbitmqctl, with the environment of the node."""
        marker = f"SWIFTAMQP_BROKER_DIR={self.folder}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
                if marker not in variables or (process / "comm").read_text().strip() != "beam.smp":
                    continue
            except OSError:
                continue
            environment = dict(pair.split("=", 1) for pair in map(os.fsdecode, variables) if "=" in pair)
            folders = (os.environ.get("SWIFTAMQP_RABBITMQ_SBIN"), "/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin",
                       "/usr/local/sbin")
            program = next(
                path for folder in folders if folder and (path := Path(folder) / "rabbitmqctl").exists())
            subprocess.run(
                [program, "--silent", *arguments], env=environment, check=True, timeout=60, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL)
            return
        raise AssertionError("the node is not found among the processes")

    def block(self):
        self.control("set_vm_memory_high_watermark", "0.000001")

    def unblock(self):
        self.control("set_vm_memory_high_watermark", "0.4")


@pytest.fixture
def broker(url):
    broker = Broker(url)
    yield broker
    broker.wait()
