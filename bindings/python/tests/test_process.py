"""Processes: forks, and the end of the interpreter. Everything runs in processes of its own."""

import os
import subprocess
import sys
import textwrap

import pytest


def run(program, *arguments, status=0, options=("-X", "dev")):
    """Runs a program that must end by itself."""
    result = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program), *arguments], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    assert result.returncode == status, result.stdout + result.stderr
    assert "Fatal" not in result.stderr and "Traceback" not in result.stderr, result.stderr
    return result.stdout


CONNECT = """
import os, sys, threading, time, warnings
import swiftamqp
warnings.simplefilter("ignore", ResourceWarning)
queue = sys.argv[1]
client = swiftamqp.connect()
client.publish("", queue, b"x")
"""


@pytest.mark.parametrize("end", [
    "", "sys.exit(0)", "del client", "client.close()", "client.abort()",
    # Nobody has flushed.
    "p = client.publisher()\nfor n in range(1000): p.enqueue('', queue, b'x')",
    # Somebody waits.
    "c = client.consumer(queue)\nthreading.Thread(target=lambda: list(c), daemon=True).start()\ntime.sleep(0.1)",
    "threading.Thread(target=lambda: client.channel().get('x' * 300), daemon=True).start() if 0 else None",
    "d = client.consumer(queue).get(10); m = memoryview(d)",
    # Cycles, which the collector takes apart in its own order.
    "c = client.consumer(queue); d = c.get(10); a = [client, c, d, client.publisher()]; a.append(a)",
    "sys.modules['keep'] = client",
    "swiftamqp._core.Events().poll(0); del sys.modules['swiftamqp']",
])
def test_an_interpreter_ends_with_an_open_client(aqueue, end):
    run(CONNECT + end, aqueue)
    run(CONNECT + end, aqueue, options=())


@pytest.mark.parametrize("end", [
    "", "consumer = await client.consumer(queue)", "asyncio.create_task((await client.consumer(queue)).get())",
    "[await client.publisher().enqueue('', queue, b'x') for n in range(100)]",
    "asyncio.create_task(client.declare_queue('later', exclusive=True))", "sys.exit(0)",
])
def test_an_interpreter_ends_with_an_open_client_of_asyncio(aqueue, end):
    run(f"""
        import asyncio, sys, warnings
        import swiftamqp.aio
        warnings.simplefilter("ignore")
        async def main(queue):
            client = await swiftamqp.aio.connect()
            await client.publish("", queue, b"x")
            {end}
        asyncio.run(main(sys.argv[1]))
        """, aqueue, options=())


def test_an_interpreter_ends_while_nothing_connects():
    run("""
        import threading, swiftamqp
        threading.Thread(
            target=lambda: swiftamqp.connect("amqp://127.0.0.1:1/", timeout=None), daemon=True).start()
        import time; time.sleep(0.2)
        """)


def test_objects_go_in_any_order(aqueue):
    run("""
        import gc, random, sys, swiftamqp, warnings
        warnings.simplefilter("ignore", ResourceWarning)
        for seed in range(40):
            random.seed(seed)
            client = swiftamqp.connect()
            publisher = client.publisher()
            for n in range(20):
                publisher.enqueue("", sys.argv[1], b"x")
            consumer = client.consumer(sys.argv[1])
            delivery = consumer.get(10)
            things = [client, client._core, publisher, consumer, delivery, memoryview(delivery), delivery.properties,
                      client.channel(), swiftamqp._watch.events()]
            cycle = [random.choice(things)]
            cycle.append(cycle)
            del client, publisher, consumer, delivery, cycle
            random.shuffle(things)
            while things:
                things.pop()
                if random.random() < 0.3:
                    gc.collect()
        """, aqueue)


def test_a_child_of_a_fork_is_told(aqueue):
    assert run(CONNECT + """
        publisher, consumer = client.publisher(), client.consumer(queue)
        delivery = consumer.get(10)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            calls = [
                lambda: client.publish("", queue, b"x"), lambda: publisher.enqueue("", queue, b"x"), lambda: next(consumer),
                lambda: client.declare_queue("q"), lambda: swiftamqp.connect(), lambda: delivery.ack(),
                lambda: client.publisher(), lambda: client.channel(), lambda: client.drain(1), lambda: consumer.get(1)]
            for number, call in enumerate(calls):
                try:
                    call()
                    os.write(write, b"call %d did not fail\\n" % number)
                except swiftamqp.Forked as error:
                    if "fork" not in str(error):
                        os.write(write, b"call %d says nothing\\n" % number)
            del client, publisher, consumer, delivery
            os.write(write, b"done")
            sys.exit(0)
        os.close(write)
        result = b""
        while part := os.read(read, 1000):
            result += part
        assert os.waitpid(pid, 0)[1] == 0
        # The parent's connections have not suffered.
        delivery.ack()
        client.publish("", queue, b"y")
        assert consumer.get(10).body == b"y"
        client.close()
        print(result.decode())
        """.replace("\n        ", "\n"), aqueue, options=()) == "done\n"


MULTIPROCESSING = """
import multiprocessing, sys, swiftamqp, warnings
warnings.simplefilter("ignore")

def work(queue):
    try:
        with swiftamqp.connect() as client:
            client.publish("", queue, b"child")
        return "published"
    except swiftamqp.Forked as error:
        return "forked"

if __name__ == "__main__":
    method, use_before = sys.argv[2], sys.argv[3] == "before"
    if use_before:
        client = swiftamqp.connect()
        client.publish("", sys.argv[1], b"parent")
    with multiprocessing.get_context(method).Pool(2) as pool:
        print(*pool.map(work, [sys.argv[1]] * 2))
"""


@pytest.mark.parametrize("method, moment, expected", [
    ("fork", "before", "forked forked"), ("fork", "after", "published published"),
    ("spawn", "before", "published published"), ("forkserver", "before", "published published"),
])
def test_multiprocessing(aqueue, tmp_path, method, moment, expected):
    program = tmp_path / "program.py"
    program.write_text(MULTIPROCESSING)
    result = subprocess.run(
        [sys.executable, program, aqueue, method, moment], capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == expected


def test_a_program_that_a_child_becomes_has_no_descriptor(aqueue):
    run(CONNECT + """
import subprocess
listing = subprocess.run(["ls", "-l", "/proc/self/fd"], close_fds=False, capture_output=True, text=True).stdout
assert "eventfd" not in listing and "socket" not in listing, listing
client.close()
""", aqueue)


def test_a_thread_that_ends_leaves_its_client_working(aqueue):
    run("""
        import sys, threading, swiftamqp
        clients = []
        thread = threading.Thread(target=lambda: clients.append(swiftamqp.connect()))
        thread.start(); thread.join()
        clients[0].publish("", sys.argv[1], b"x")
        clients[0].close()
        """, aqueue)


def test_imports_are_small():
    """What is not needed at first is not loaded: a program of threads has no asyncio, and the other way round no pool."""
    assert run("""
        import sys, swiftamqp
        print([name for name in ("asyncio", "datetime", "decimal", "concurrent.futures") if name in sys.modules])
        """, options=()) == "[]\n"


def test_versions_agree():
    import swiftamqp

    assert swiftamqp._core.library_version() == swiftamqp.__version__
    assert os.path.dirname(swiftamqp.__file__)


def test_a_wheel_brings_what_it_needs():
    import swiftamqp

    folder = os.path.join(os.path.dirname(swiftamqp.__file__), "lib")
    if not os.path.isdir(folder):
        pytest.skip("the package was not installed from a wheel")
    maps = run("import swiftamqp; print(open('/proc/self/maps').read())", options=())
    loaded = {line.split(None, 5)[5] for line in maps.splitlines() if line.count(" ") > 5 and "/" in line}
    for name in ("libswiftamqp", "librabbitmq"):
        assert {os.path.dirname(path) for path in loaded if name in os.path.basename(path)} == {folder}
    assert not [path for path in loaded if "libswift_" in path or "libswiftCore" in path]
