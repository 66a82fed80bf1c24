/// A supervised client: it connects, comes back when a connection is lost, restores what was declared, and sends again what
/// may not have arrived. A program that publishes through it needs no reconnect and no resend code.
///
/// ```swift
/// let client = try AMQPClient(
///     configuration: AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://svc:secret@mq-1/orders")),
///     topology: AMQPTopology(queues: [.quorum("orders")]))
/// try await client.publish(AMQPMessage("created"), to: .queue("orders"))
/// let report = await client.shutdown(deadline: .seconds(30))
/// ```
///
/// Publishing and declaring use separate connections, opened when they are first needed, so that a broker that slows
/// publishers down delays nothing else (https://www.rabbitmq.com/docs/connections#flow-control). Every method may be
/// called from any task and thread. A client that is let go without ``shutdown(deadline:)`` ends at once; what it has not
/// finished then ends as unknown or not sent.
public final class AMQPClient: Sendable {
    let core: ClientCore

    /// Makes a client. Nothing happens until something asks for a connection: ``connect()``, or the first publish.
    ///
    /// - Parameters:
    ///   - configuration: Where to, and what to do when things go wrong.
    ///   - topology: What has to be at the broker, on every connection, before anything else happens.
    ///   - observer: Is told what happens; see ``AMQPClientObserver``.
    /// - Throws: `.invalidConfiguration`; `.invalidArgument` for a topology that contradicts itself (``AMQPTopology/validate()``).
    public init(
        configuration: AMQPClientConfiguration, topology: AMQPTopology = AMQPTopology(),
        observer: (any AMQPClientObserver)? = nil
    ) throws(AMQPError) {
        try configuration.validate()
        try topology.validate()
        core = ClientCore(configuration: configuration, topology: topology, observer: observer)
    }

    deinit { core.abandon() }

    // MARK: What it is in

    /// What the client is in, now.
    public var state: AMQPClientState { core.status.state.value }

    /// The present state, and each that follows. See ``AMQPClientStates``.
    public var states: AMQPClientStates { AMQPClientStates(watched: core.status.state) }

    /// What happens from now on. Each call makes a sequence of its own, which holds 256 events and then drops the oldest,
    /// and counts them.
    public func events() -> AMQPEvents<AMQPClientEvent> { core.status.subscribe() }

    /// How the client is, at this moment. Costs nothing that matters; asks nobody.
    public func health() -> AMQPHealth { core.status.health(backlog: core.backlog, activity: core.activity) }

    /// How all publishes of this client have ended so far.
    public var publishCounts: AMQPPublishCounts { core.counters.snapshot }

    /// What became of all deliveries so far, but for what a program settles itself.
    package var deliveryCounts: AMQPDeliveryCounts { core.deliveryCounts }

    // MARK: Beginning and ending

    /// Begins to connect, and does not wait for it.
    package func begin() {
        core.consuming.start()
        core.publishing.start()
    }

    /// Connects and waits until the client is usable: connected, and everything declared or reported as failed. Programs
    /// that want to know at their start whether the broker is there call it; others need not.
    ///
    /// - Parameter roles: Which of the connections are opened now instead of when they are first needed.
    /// - Throws: Why the first connection did not come about, by the configuration's `firstConnect`: the client is closed
    ///   then. `.cancelled`, which leaves the client connecting.
    public func connect(
        _ roles: Set<AMQPLinkRole> = [.publishing, .consuming]
    ) async throws(AMQPError) { try await core.connect(roles) }

    /// Runs until the client has ended: connects if nothing has yet, and shuts the client down when the task is cancelled.
    /// For programs whose parts are tasks, such as those of a service group.
    ///
    /// - Parameter shutdownDeadline: As for ``shutdown(deadline:)``, when the task is cancelled.
    /// - Throws: Why the client ended, unless this program ended it.
    public func run(shutdownDeadline: Duration = .seconds(30)) async throws(AMQPError) {
        try await core.run(shutdownDeadline: shutdownDeadline)
    }

    /// Ends the client: consumers are cancelled, what they have not begun goes back to its queue, handlers come to their end
    /// and settle; then nothing new is taken, what was handed in gets its outcome, and the connections are closed.
    ///
    /// Returns within `deadline` and a quarter of a second, whatever the broker does - blocked, paused, gone. What has no
    /// outcome by then ends: as not sent where nothing of it went out, else as unknown; what is not settled goes back to its
    /// queue, and the tasks of handlers that still run are cancelled. Later calls wait for the first.
    /// Cancelling the task does not cut it short. Called by a handler it waits for that handler, too, and so for the
    /// deadline: start a task for it instead.
    ///
    /// - Parameter deadline: How long to wait for what was handed in; zero gives it up at once.
    @discardableResult
    public func shutdown(deadline: Duration = .seconds(30)) async -> AMQPShutdownReport {
        await core.shutDown(within: deadline)
    }
}
