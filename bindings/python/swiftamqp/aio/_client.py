from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Set

from .. import _core, _events, _handling, _options
from .._base import BaseClient
from .._options import TIMEOUT
from ..errors import Closed
from ..topology import Plan, QueueInfo, Topology, delete_flags, flags
from ._asking import ask
from ._channel import Channel
from ._consumer import Consumer
from ._opening import Opening
from ._publisher import Publisher
from ._subscription import Subscription

if TYPE_CHECKING:
    from .._core import Body, Properties
    from .._events import EventHandler
    from .._handling import FailurePolicy
    from .._options import Options, Time, URLs
    from ..topology import Arguments
    from ._subscription import Handler

_USABLE = frozenset((2, 4, 5))
_CLOSED = 7


class Client(BaseClient):
    """A supervised client of one event loop: ``async with swiftamqp.aio.connect(url) as client``.

    It connects, comes back when a connection is lost, and puts back what was declared. Methods that ask the broker wait
    ``timeout`` seconds for its answer, and for a connection where there is none; None waits without a limit. A task that
    is cancelled meanwhile is free at once; what it has asked for may still happen.
    """

    _label = "swiftamqp.aio.Client"

    def __init__(
        self, url: URLs, name: Optional[str], heartbeat: Time, timeout: Time, topology: Optional[Topology],
        options: Options, on_event: EventHandler,
    ) -> None:
        self._is_closed = True
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        # Weak: a consumer that nobody has any more ends.
        self._publishers: weakref.WeakValueDictionary[int, Publisher] = weakref.WeakValueDictionary()
        self._consumers: weakref.WeakValueDictionary[int, Consumer] = weakref.WeakValueDictionary()
        self._subscriptions: Dict[int, Subscription] = {}
        #: Publishers whose futures may be all that is left of them.
        self._busy: Set[Publisher] = set()
        self._publisher: Optional[Publisher] = None
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ending: Optional[asyncio.Future[Dict[str, Any]]] = None
        settings = _options.for_client(url, name, heartbeat, timeout, topology, options)
        self._events = _core.Events()
        self._core = _core.Client(settings, self._events, 0)
        self._is_closed = False
        self._descriptor = self._events.fileno()
        self._loop.add_reader(self._descriptor, self._take)

    async def _open(self) -> Client:
        try:
            await self._opened
        except BaseException:
            self.abort()
            raise
        return self

    # ---------------------------------------------------------------- What it is in

    async def wait(self, timeout: Time = TIMEOUT) -> None:
        """Waits until it is usable: open, degraded or blocked."""
        await ask(self._core.wait, timeout)

    # ---------------------------------------------------------------- Publishing and consuming

    def publisher(
        self, *, window: Optional[int] = None, policy: Optional[str] = None, timeout: Time = None,
        options: Options = None,
    ) -> Publisher:
        """A publisher. ``window`` is how many messages may be without an outcome, ``policy`` "at_least_once" (the default)
        or "once", ``timeout`` the deadline of each publish (30 s)."""
        user = self._user()
        settings = _options.for_publisher(window, policy, timeout, options)
        publisher = self._publishers[user] = Publisher(self, settings, self._events, user)
        return publisher

    async def publish(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, once: bool = False, timeout: Time = None,
    ) -> None:
        """Publishes with a publisher of the client's own, and returns when the broker has confirmed the message."""
        if self._publisher is None:
            self._publisher = self.publisher()
        await self._publisher.publish(
            exchange, routing_key, body, properties, mandatory=mandatory, once=once, timeout=timeout)

    def consumer(
        self, queue: str, *, prefetch: Optional[int] = None, auto_ack: bool = False, tag: Optional[str] = None,
        exclusive: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT, options: Options = None,
    ) -> Opening[Consumer]:
        """Begins to consume: ``async with client.consumer(queue) as consumer``, or ``await client.consumer(queue)``.
        ``prefetch`` is how many deliveries may be unsettled (64)."""
        settings = _options.for_consumer(prefetch, auto_ack, tag, exclusive, arguments, options)
        return Opening(lambda: self._consume(queue, settings, timeout))

    async def _consume(self, queue: str, settings: _core.Options, timeout: Time) -> Consumer:
        user = self._user()
        # Deliveries may come before the thread has said that it consumes.
        consumer = self._consumers[user] = Consumer(self)
        opening = ask(_core.Consumer, self._core, queue, settings, self._events, user, timeout)
        try:
            consumer._core = await opening
        except BaseException:
            self._consumers.pop(user, None)
            # A task that was cancelled: what comes of the call is dropped, and with it the consumer.
            raise
        return consumer

    def consume(
        self, queue: str, handler: Handler, *, concurrency: int = 1, on_failure: Optional[FailurePolicy] = None,
        deadline: Time = None, prefetch: Optional[int] = None, tag: Optional[str] = None, exclusive: bool = False,
        arguments: Arguments = None, options: Options = None,
    ) -> Subscription:
        """Has the coroutine ``handler(delivery)`` run as a task for each delivery, ``concurrency`` at a time: with one in the
        order of the queue. Does not wait.

        The delivery is acked when the handler returns, unless it has settled it, or returns a Settle. Where it raises,
        ``on_failure`` says what happens: Requeue() if not given, Retry(...) or Reject(). After ``deadline`` the task is
        cancelled, which counts as a failure. More ``options`` begin with "consumer.", "failures.", "handler." and "breaker.".
        """
        settings = _handling.options(
            prefetch, concurrency, on_failure, deadline, tag, exclusive, arguments, options)
        return Subscription(self, queue, handler, settings)

    async def channel(self, *, timeout: Time = TIMEOUT) -> Channel:
        """A plain channel: basic.get, transactions, passive declares."""
        return Channel(await ask(_core.Channel, self._core, timeout))

    # ---------------------------------------------------------------- Declaring

    async def declare_exchange(
        self, name: str, type: str = "direct", *, durable: bool = True, auto_delete: bool = False,
        internal: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT,
    ) -> None:
        """Declares an exchange, now and on every connection from then on."""
        bits = flags(durable, auto_delete=auto_delete, internal=internal)
        await ask(self._core.declare_exchange, name, type, bits, arguments, timeout)

    async def declare_queue(
        self, name: str = "", *, durable: bool = True, exclusive: bool = False, auto_delete: bool = False,
        quorum: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT,
    ) -> QueueInfo:
        """Declares a queue, now and on every connection from then on. Without a name the broker chooses one, anew on every
        connection: current_queue_name() has the present one."""
        bits = flags(durable, exclusive, auto_delete, quorum=quorum)
        return QueueInfo(*await ask(self._core.declare_queue, name, bits, arguments, timeout))

    async def bind_queue(
        self, queue: str, exchange: str, routing_key: str = "", *, arguments: Arguments = None, timeout: Time = TIMEOUT
    ) -> None:
        await ask(self._core.declare_binding, queue, exchange, routing_key, arguments, timeout)

    async def unbind_queue(
        self, queue: str, exchange: str, routing_key: str = "", *, arguments: Arguments = None, timeout: Time = TIMEOUT
    ) -> None:
        await ask(self._core.delete_binding, queue, exchange, routing_key, arguments, timeout)

    async def bind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, arguments: Arguments = None,
        timeout: Time = TIMEOUT,
    ) -> None:
        await ask(
            self._core.declare_exchange_binding, destination, source, routing_key, arguments, timeout)

    async def unbind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, arguments: Arguments = None,
        timeout: Time = TIMEOUT,
    ) -> None:
        await ask(self._core.delete_exchange_binding, destination, source, routing_key, arguments, timeout)

    async def delete_queue(
        self, name: str, *, if_unused: bool = False, if_empty: bool = False, timeout: Time = TIMEOUT
    ) -> int:
        """Gives how many messages were in it."""
        bits = delete_flags(if_unused, if_empty)
        return await ask(self._core.delete_queue, name, bits, timeout)

    async def delete_exchange(self, name: str, *, if_unused: bool = False, timeout: Time = TIMEOUT) -> None:
        await ask(self._core.delete_exchange, name, delete_flags(if_unused), timeout)

    async def purge_queue(self, name: str, *, timeout: Time = TIMEOUT) -> int:
        """Drops the messages that are ready, and gives how many they were."""
        return await ask(self._core.purge_queue, name, timeout)

    async def queue_status(self, name: str, *, timeout: Time = TIMEOUT) -> QueueInfo:
        """Asks the broker. ChannelError with 404 if there is no such queue; nothing else suffers from that."""
        return QueueInfo(*await ask(self._core.queue_status, name, timeout))

    async def apply(self, topology: Topology, *, timeout: Time = TIMEOUT) -> None:
        """Declares all of it, and keeps it. Degraded if some of it was refused."""
        await ask(self._core.apply_topology, topology._make(), timeout)

    async def plan(self, topology: Topology, *, timeout: Time = TIMEOUT) -> Plan:
        """Compares with what the broker has, and changes nothing."""
        return Plan._of(await ask(self._core.plan_topology, topology._make(), timeout))

    # ---------------------------------------------------------------- Its end

    async def drain(self, timeout: Time = TIMEOUT) -> Dict[str, Any]:
        """Ends the client in good order: nothing new is delivered, what was given out can still be settled, publishes get
        their outcomes. Returns within the timeout, with what was done; "timed_out" says whether the time ran out."""
        for subscription in self._subscriptions.values():
            subscription._check_may_end()
        if self._ending is None:
            self._ending = ask(self._core.drain, timeout)
        report = await asyncio.shield(self._ending)
        self._detach()
        return report

    async def close(self, timeout: Time = TIMEOUT) -> None:
        """Ends the client: deliveries that are not settled go back to their queues at once, publishes get their outcomes,
        and the connections are closed."""
        if self._is_closed:
            return
        consumers: List[Consumer] = list(self._consumers.values())
        if consumers:
            await asyncio.gather(*(consumer.close() for consumer in consumers), return_exceptions=True)
        await self.drain(timeout)

    def abort(self) -> None:
        """Ends the client at once. Publishes without an outcome end as Unknown or NotSent."""
        if not self._is_closed:
            self._core.close()
            self._detach()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        await self.close()

    # ---------------------------------------------------------------- Events

    def _user(self) -> int:
        """A number for a publisher or a consumer in events; 0 is the client."""
        return _events.number()

    def _take(self) -> bool:
        """Takes what is in the event queue, a batch at a time: the loop comes back while there is more."""
        batch = self._events.poll(0)
        user, publisher, consumer = 0, None, None
        for event in batch:
            kind = event[0]
            if kind == _events.DELIVERY or kind == _events.CONFIRM or kind == _events.WRITABLE:
                if event[1] != user:
                    # Most of a batch is of one of them.
                    user = event[1]
                    publisher, consumer = self._publishers.get(user), self._consumers.get(user)
                if kind == _events.DELIVERY:
                    if consumer is not None:
                        consumer._on_delivery(event[2])
                elif publisher is not None:
                    if kind == _events.CONFIRM:
                        publisher._on_outcome(event[2], event[3])
                    else:
                        publisher._on_writable()
            elif kind == _events.LOG:
                _events.log(event[2], event[3])
            else:
                self._on_change(event)
        return bool(batch)

    def _on_change(self, event: Any) -> None:
        kind, user, value, _, error = event
        if kind == _events.STATE and not self._opened.done():
            if value in _USABLE:
                self._opened.set_result(None)
            elif value == _CLOSED:
                self._opened.set_exception(error or Closed("the client was closed", code=-4, cause=-4))
        elif kind == _events.CONSUMER:
            consumer = self._consumers.get(user) or self._subscriptions.get(user)
            if consumer is not None:
                consumer._on_change(value, error)
                if value == _events.CONSUMER_ENDED:
                    self._consumers.pop(user, None)
                    self._subscriptions.pop(user, None)
        _events.tell(self._on_event, event)

    def _detach(self) -> None:
        """The last events, and no more."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._loop.is_closed():
            return
        self._loop.remove_reader(self._descriptor)
        while self._take():
            pass
        closed = Closed("the client was closed", code=-4, cause=-4)
        if not self._opened.done():
            self._opened.set_exception(closed)
            # Who has asked for it may have been cancelled.
            self._opened.exception()
        for publisher in list(self._publishers.values()):
            publisher._abandon()
        for consumer in list(self._consumers.values()):
            consumer._end(None)
        for subscription in self._subscriptions.values():
            subscription._end(None)
        self._publishers.clear()
        self._subscriptions.clear()
        self._consumers.clear()
        self._busy.clear()


def connect(
    url: URLs = None,
    *,
    name: Optional[str] = None,
    heartbeat: Time = None,
    timeout: Time = TIMEOUT,
    topology: Optional[Topology] = None,
    options: Options = None,
    on_event: EventHandler = None,
) -> Opening[Client]:
    """Connects: ``async with connect(url) as client``, or ``client = await connect(url)`` and ``await client.close()``.

    ``url`` is one broker, or several that are tried in their order; without one it is AMQP_URL of the environment.
    ``name`` is what the broker's pages call the connection. ``on_event`` is called with an Event by the loop; lines for the
    log go to the logger "swiftamqp". More ``options`` are in docs/c-options.md.
    """

    async def open() -> Client:
        return await Client(url, name, heartbeat, timeout, topology, options, on_event)._open()

    return Opening(open)
