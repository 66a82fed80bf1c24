"""The fault scenarios over aio-pika, on a connection of connect_robust with its defaults: what the library reports is printed.

    peer.py version | SCENARIO URL QUEUE

Words go to the standard output, a line each; a line on the standard input says that the fault has been made.
"""
import asyncio
import logging
import sys
import time

import aio_pika

# What the library logs is not what a program hears.
logging.disable(logging.CRITICAL)


def say(text):
    print(text, flush=True)


async def cue():
    if not await asyncio.to_thread(sys.stdin.readline):
        sys.exit("the standard input ended")


def milliseconds(start):
    return round((time.monotonic() - start) * 1000)


def name(error):
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def message(text, **properties):
    return aio_pika.Message(text.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **properties)


async def publish_one(channel, queue, deadline):
    """Publishes one message and says how it ended, within 8 s."""
    start = time.monotonic()

    async def publish():
        try:
            await channel.default_exchange.publish(message("x"), routing_key=queue, timeout=deadline)
            return "confirmed"
        except (Exception, asyncio.CancelledError) as error:
            return f"error: {name(error)}"

    task = asyncio.create_task(publish())
    done, _ = await asyncio.wait([task], timeout=8)
    say(f"publish {milliseconds(start)} ms {task.result()}" if done else "publish - not ended after 8 s")
    return task


async def lost_confirm(url, queue):
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.declare_queue(queue, durable=True)
    say("ready")
    await cue()
    await publish_one(channel, queue, 10)


async def stale_ack(url, queue):
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=10)
    declared = await channel.declare_queue(queue, durable=True, arguments={"x-max-priority": 5})
    deliveries = asyncio.Queue()
    await declared.consume(deliveries.put)

    async def take():
        return await asyncio.wait_for(deliveries.get(), 20)

    await channel.default_exchange.publish(message("A", priority=0), routing_key=queue)
    first = await take()
    await channel.default_exchange.publish(message("B", priority=5), routing_key=queue)
    await take()
    say("ready")
    await cue()
    again = [(await take()).body.decode() for _ in range(2)]
    say(f"redelivered {' '.join(again)}")
    try:
        await first.ack()
        say("ack no error")
    except Exception as error:
        say(f"ack error: {name(error)}")
    # The ack is on its way before the answer to this is.
    await channel.declare_queue(queue, passive=True)


async def kill(url, queue):
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.declare_queue(queue, durable=True)
    count = 20_000
    outcomes = {"confirmed": [], "nacked": [], "failed": [], "open": []}
    errors = {}
    window = asyncio.Semaphore(200)

    async def publish(number):
        try:
            await channel.default_exchange.publish(message(str(number)), routing_key=queue, timeout=30)
            outcomes["confirmed"].append(number)
        except aio_pika.exceptions.DeliveryError:
            outcomes["nacked"].append(number)
        except Exception as error:
            errors[type(error).__name__] = errors.get(type(error).__name__, 0) + 1
            outcomes["failed"].append(number)
        finally:
            window.release()

    tasks = []
    for number in range(count):
        if number == 7_000:
            say("ready")
        await window.acquire()
        tasks.append(asyncio.create_task(publish(number)))
    await asyncio.wait(tasks, timeout=60)
    outcomes["open"] = [number for number, task in enumerate(tasks) if not task.done()]
    await publish_again(channel, queue)
    say(f"errors {', '.join(f'{count} {kind}' for kind, count in errors.items())}")
    for outcome, numbers in outcomes.items():
        say(f"{outcome} {','.join(map(str, sorted(numbers)))}")


async def publish_again(channel, queue):
    """Tries until a publish is confirmed, for a minute, and says when that was."""
    for number in range(20_000, 20_600):
        try:
            await channel.default_exchange.publish(message(str(number)), routing_key=queue, timeout=5)
            say(f"again {round(time.time() * 1000)}")
            return
        except Exception:
            await asyncio.sleep(0.1)


async def drain(url, queue):
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    declared = await channel.get_queue(queue)
    found = []
    while (one := await declared.get(no_ack=True, fail=False)) is not None:
        found.append(int(one.body))
    say(f"found {','.join(map(str, sorted(found)))}")
    await connection.close()


async def alarm(url, queue):
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    await channel.declare_queue(queue, durable=True)
    say("ready")
    await cue()
    await publish_one(channel, queue, 5)
    say("closing")
    start = time.monotonic()
    try:
        await connection.close()
        say(f"close {milliseconds(start)} ms")
    except (Exception, asyncio.CancelledError) as error:
        say(f"close {milliseconds(start)} ms {name(error)}")


async def half_open(url, queue):
    connection = await aio_pika.connect_robust(url, heartbeat=2)
    noticed = asyncio.get_running_loop().create_future()
    connection.close_callbacks.add(lambda _, error: noticed.done() or noticed.set_result(error))
    say("ready")
    error = await noticed
    say(f"noticed {round(time.time() * 1000)} {name(error)}")


async def deleted_queue(url, queue):
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel()
    declared = await channel.declare_queue(queue, durable=True)
    heard = []
    channel.close_callbacks.add(lambda *_: heard.append("the channel's close callback"))

    async def iterate():
        try:
            async with declared.iterator() as deliveries:
                say("ready")
                async for _ in deliveries:
                    pass
            heard.append("the iterator ends")
        except Exception as error:
            heard.append(f"the iterator throws {name(error)}")

    task = asyncio.create_task(iterate())
    await asyncio.wait([task], timeout=15)
    if not task.done():
        heard.append("nothing more for 15 s")
    say(f"heard {', '.join(heard)}")


SCENARIOS = {
    "lost-confirm": lost_confirm, "stale-ack": stale_ack, "kill": kill, "drain": drain, "alarm": alarm,
    "half-open": half_open, "deleted-queue": deleted_queue,
}

if __name__ == "__main__":
    if sys.argv[1:] == ["version"]:
        say(aio_pika.__version__)
    elif len(sys.argv) == 4 and sys.argv[1] in SCENARIOS:
        async def main():
            await SCENARIOS[sys.argv[1]](*sys.argv[2:])
            # What the library still does is of no interest, and may not end.
            sys.stdout.flush()
            import os
            os._exit(0)
        asyncio.run(main())
    else:
        sys.exit(__doc__)
