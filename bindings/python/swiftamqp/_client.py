from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Set

from . import _core, _events, _handling, _options, _watch
from ._base import BaseClient
from ._channel import Channel
from ._consumer import Consumer
from ._options import TIMEOUT
from ._publisher import Publisher
from ._subscription import Subscription
from ._threads import ask
from .errors import AMQPError
from .topology import Plan, QueueInfo, Topology, delete_flags, flags

if TYPE_CHECKING:
    from ._core import Body, Properties
    from ._events import EventHandler
    from ._handling import FailurePolicy
    from ._options import Options, Time, URLs
    from ._subscription import Handler
    from .topology import Arguments


class Client(BaseClient):
    """A supervised client: it connects, comes back when a connection is lost, and puts back what was declared.

    All methods may be called by any thread. Those that ask the broker wait ``timeout`` seconds for its answer, and for a
    connection where there is none; None waits without a limit.
    """

    def __init__(
        self,
        url: URLs = None,
        *,
        name: Optional[str] = None,
        heartbeat: Time = None,
        timeout: Time = TIMEOUT,
        topology: Optional[Topology] = None,
        options: Options = None,
        on_event: EventHandler = None,
    ) -> None:
        self._is_closed = True
        self._on_event = on_event
        self._consumers: weakref.WeakSet[Consumer] = weakref.WeakSet()
        self._subscriptions: Set[Subscription] = set()
        self._publisher: Optional[Publisher] = None
        self._lock = threading.Lock()
        settings = _options.for_client(url, name, heartbeat, timeout, topology, options)
        user = _events.number()
        self._core = _core.Client(settings, _watch.events(), user)
        _watch.register(user, self)
        try:
            # What is configured as "client.first_connect_ms" ends it.
            self._core.wait(None)
        except BaseException:
            self._core.close()
            raise
        self._is_closed = False

    # ---------------------------------------------------------------- What it is in

    def wait(self, timeout: Time = TIMEOUT) -> None:
        """Waits until it is usable: open, degraded or blocked."""
        self._core.wait(timeout)

    # ---------------------------------------------------------------- Publishing and consuming

    def publisher(
        self, *, window: Optional[int] = None, policy: Optional[str] = None, timeout: Time = None,
        options: Options = None,
    ) -> Publisher:
        """A publisher. ``window`` is how many messages may be without an outcome, ``policy`` "at_least_once" (the default)
        or "once", ``timeout`` the deadline of each publish (30 s)."""
        return Publisher(self._core, _options.for_publisher(window, policy, timeout, options))

    def publish(
        self, exchange: str, routing_key: str, body: Body, properties: Optional[Properties] = None, *,
        mandatory: bool = True, once: bool = False, timeout: Time = None,
    ) -> None:
        """Publishes with a publisher of the client's own, and returns when the broker has confirmed the message."""
        publisher = self._publisher
        if publisher is None:
            with self._lock:
                publisher = self._publisher = self._publisher or self.publisher()
        publisher.publish(exchange, routing_key, body, properties, mandatory=mandatory, once=once, timeout=timeout)

    def consumer(
        self, queue: str, *, prefetch: Optional[int] = None, auto_ack: bool = False, tag: Optional[str] = None,
        exclusive: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT, options: Options = None,
    ) -> Consumer:
        """Begins to consume. ``prefetch`` is how many deliveries may be unsettled (64)."""
        settings = _options.for_consumer(prefetch, auto_ack, tag, exclusive, arguments, options)
        consumer = ask(Consumer, self._core, queue, settings, None, 0, timeout)
        self._consumers.add(consumer)
        return consumer

    def consume(
        self, queue: str, handler: Handler, *, concurrency: int = 1, on_failure: Optional[FailurePolicy] = None,
        deadline: Time = None, prefetch: Optional[int] = None, tag: Optional[str] = None, exclusive: bool = False,
        arguments: Arguments = None, options: Options = None,
    ) -> Subscription:
        """Has ``handler(delivery)`` called by ``concurrency`` threads: with one in the order of the queue. Does not wait.

        The delivery is acked when the handler returns, unless it has settled it, or returns a Settle. Where it raises,
        ``on_failure`` says what happens: Requeue() if not given, Retry(...) or Reject(). After ``deadline`` the handler is
        reported, and ``delivery.is_cancelled``. More ``options`` begin with "consumer.", "failures.", "handler." and
        "breaker.".
        """
        settings = _handling.options(
            prefetch, concurrency, on_failure, deadline, tag, exclusive, arguments, options)
        subscription = Subscription(self, queue, handler, concurrency, settings)
        self._subscriptions.add(subscription)
        return subscription

    def channel(self, *, timeout: Time = TIMEOUT) -> Channel:
        """A plain channel: basic.get, transactions, passive declares."""
        return Channel(self._core, timeout)

    # ---------------------------------------------------------------- Declaring

    def declare_exchange(
        self, name: str, type: str = "direct", *, durable: bool = True, auto_delete: bool = False,
        internal: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT,
    ) -> None:
        """Declares an exchange, now and on every connection from then on."""
        bits = flags(durable, auto_delete=auto_delete, internal=internal)
        ask(self._core.declare_exchange, name, type, bits, arguments, timeout)

    def declare_queue(
        self, name: str = "", *, durable: bool = True, exclusive: bool = False, auto_delete: bool = False,
        quorum: bool = False, arguments: Arguments = None, timeout: Time = TIMEOUT,
    ) -> QueueInfo:
        """Declares a queue, now and on every connection from then on. Without a name the broker chooses one, anew on every
        connection: current_queue_name() has the present one."""
        bits = flags(durable, exclusive, auto_delete, quorum=quorum)
        return QueueInfo(*ask(self._core.declare_queue, name, bits, arguments, timeout))

    def bind_queue(
        self, queue: str, exchange: str, routing_key: str = "", *, arguments: Arguments = None, timeout: Time = TIMEOUT
    ) -> None:
        ask(self._core.declare_binding, queue, exchange, routing_key, arguments, timeout)

    def unbind_queue(
        self, queue: str, exchange: str, routing_key: str = "", *, arguments: Arguments = None, timeout: Time = TIMEOUT
    ) -> None:
        ask(self._core.delete_binding, queue, exchange, routing_key, arguments, timeout)

    def bind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, arguments: Arguments = None,
        timeout: Time = TIMEOUT,
    ) -> None:
        ask(self._core.declare_exchange_binding, destination, source, routing_key, arguments, timeout)

    def unbind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, arguments: Arguments = None,
        timeout: Time = TIMEOUT,
    ) -> None:
        ask(self._core.delete_exchange_binding, destination, source, routing_key, arguments, timeout)

    def delete_queue(
        self, name: str, *, if_unused: bool = False, if_empty: bool = False, timeout: Time = TIMEOUT
    ) -> int:
        """Gives how many messages were in it."""
        bits = delete_flags(if_unused, if_empty)
        return ask(self._core.delete_queue, name, bits, timeout)

    def delete_exchange(self, name: str, *, if_unused: bool = False, timeout: Time = TIMEOUT) -> None:
        ask(self._core.delete_exchange, name, delete_flags(if_unused), timeout)

    def purge_queue(self, name: str, *, timeout: Time = TIMEOUT) -> int:
        """Drops the messages that are ready, and gives how many they were."""
        return ask(self._core.purge_queue, name, timeout)

    def queue_status(self, name: str, *, timeout: Time = TIMEOUT) -> QueueInfo:
        """Asks the broker. ChannelError with 404 if there is no such queue; nothing else suffers from that."""
        return QueueInfo(*ask(self._core.queue_status, name, timeout))

    def apply(self, topology: Topology, *, timeout: Time = TIMEOUT) -> None:
        """Declares all of it, and keeps it. Degraded if some of it was refused."""
        ask(self._core.apply_topology, topology._make(), timeout)

    def plan(self, topology: Topology, *, timeout: Time = TIMEOUT) -> Plan:
        """Compares with what the broker has, and changes nothing."""
        return Plan._of(ask(self._core.plan_topology, topology._make(), timeout))

    # ---------------------------------------------------------------- Its end

    def drain(self, timeout: Time = TIMEOUT) -> Dict[str, Any]:
        """Ends the client in good order: nothing new is delivered, what was given out can still be settled, publishes get
        their outcomes. Returns within the timeout, with what was done; "timed_out" says whether the time ran out."""
        for subscription in list(self._subscriptions):
            subscription._check_may_end()
        self._is_closed = True
        return ask(self._core.drain, timeout)

    def close(self, timeout: Time = TIMEOUT) -> None:
        """Ends the client: deliveries that are not settled go back to their queues at once, publishes get their outcomes,
        and the connections are closed."""
        if self._is_closed and self.state == "closed":
            return
        consumers: List[Consumer] = list(self._consumers)
        for consumer in consumers:
            try:
                consumer.close()
            except AMQPError:
                # One that has ended is closed.
                pass
        self.drain(timeout)

    def abort(self) -> None:
        """Ends the client at once. Publishes without an outcome end as Unknown or NotSent."""
        self._is_closed = True
        self._core.close()

    def _tell(self, event: Any) -> None:
        _events.tell(self._on_event, event)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        self.close()


def connect(
    url: URLs = None,
    *,
    name: Optional[str] = None,
    heartbeat: Time = None,
    timeout: Time = TIMEOUT,
    topology: Optional[Topology] = None,
    options: Options = None,
    on_event: EventHandler = None,
) -> Client:
    """Connects, and returns a client that is usable: connected, and everything of the topology declared or reported.

    ``url`` is one broker, or several that are tried in their order; without one it is AMQP_URL of the environment.
    ``name`` is what the broker's pages call the connection. ``on_event`` is called with an Event by a thread of this
    package; lines for the log go to the logger "swiftamqp". More ``options`` are in docs/c-options.md.
    """
    return Client(
        url, name=name, heartbeat=heartbeat, timeout=timeout, topology=topology, options=options, on_event=on_event)
