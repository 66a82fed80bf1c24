internal import AMQPTransport
public import AMQPWire

/// One connection to a broker: no magic, no reconnecting. When it is lost, everything on it ends with the reason.
///
/// ```swift
/// try await AMQPConnection.withConnection(AMQPConfiguration(url: "amqp://svc:secret@mq-1/prod")) { connection in
///     try await connection.withChannel { channel in
///         let orders = try await channel.declare(.quorum("orders"))
///         try await channel.publish(AMQPMessage("created"), to: .queue(orders.name))
///     }
/// }
/// ```
///
/// Every method may be called from any task and thread. All connections of a process share one thread for their sockets.
public final class AMQPConnection: Sendable {
    let core: ConnectionCore

    private init(core: ConnectionCore) { self.core = core }

    deinit { core.abandon() }

    /// What the connection is in, now.
    public enum State: Sendable {
        case open
        /// The broker takes no publishes for the moment, for example because of a memory alarm; they wait.
        case blocked(reason: String)
        case closing
        case closed(AMQPError)
    }

    public var state: State {
        core.lock.withLock {
            switch core.phase {
            case .handshaking, .closing: .closing
            case .closed(let error): .closed(error)
            case .open: core.blockedReason.map { .blocked(reason: $0) } ?? .open
            }
        }
    }

    /// Blocked, unblocked, closed: bounded, for one reader; see ``state`` for what is.
    public var events: AMQPEvents<AMQPConnectionEvent> { AMQPEvents(buffer: core.events, owner: self) }

    /// Where it goes, as `host:port/vhost`, without credentials.
    public var endpoint: String { core.endpoint }
    /// The addresses of both ends of the TCP connection, as `address:port`.
    public var addresses: (local: String, peer: String) { core.stream.addresses }
    /// What the broker says of itself (product, version, capabilities).
    public var serverProperties: AMQPTable { core.serverProperties }
    /// The heartbeat timeout both sides agreed on; zero if there is none.
    public var heartbeat: Duration { .seconds(Int(core.tuned.heartbeat)) }
    /// The largest frame both sides agreed on, in bytes.
    public var frameMax: Int { core.frameMax }
    /// The highest channel id both sides agreed on.
    public var channelMax: UInt16 { core.tuned.channelMax }

    // MARK: Opening

    /// Opens a connection that the caller closes; ``withConnection(_:isolation:_:)`` closes by itself.
    ///
    /// - Parameter configuration: Where to, as whom, with which limits. Its `connectTimeout` covers resolving the name,
    ///   TCP and the AMQP handshake together.
    /// - Throws: `.invalidConfiguration`, `.resolveFailed`, `.unreachable`, `.connectTimeout`, `.protocolMismatch`,
    ///   `.authenticationFailed`, `.noCommonMechanism`, `.virtualHostRefused`, `.connectionLost`,
    ///   `.protocolViolation`, `.cancelled`.
    public static func connect(_ configuration: AMQPConfiguration) async throws(AMQPError) -> AMQPConnection {
        let attempt = try ConnectAttempt(configuration)
        return AMQPConnection(core: try await attempt.run())
    }

    /// Opens a connection for the time of `body`, and closes it when `body` returns or throws, also by cancellation.
    ///
    /// - Parameters:
    ///   - configuration: As for ``connect(_:)``.
    ///   - isolation: The actor to run on; the caller's.
    ///   - body: What to do with the connection.
    /// - Throws: As ``connect(_:)``, and what `body` throws.
    @discardableResult
    public static func withConnection<Value>(
        _ configuration: AMQPConfiguration, isolation: isolated (any Actor)? = #isolation,
        _ body: (AMQPConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await connect(configuration)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    // MARK: Channels

    /// Opens a channel that the caller closes; ``withChannel(isolation:_:)`` closes by itself.
    ///
    /// - Throws: `.channelIDsExhausted` without asking the broker; `.timeout`; `.cancelled`; why the connection ended.
    public func openChannel() async throws(AMQPError) -> AMQPChannel {
        AMQPChannel(core: try await core.openChannel(), connection: self)
    }

    /// As ``openChannel()``, with a deadline of the caller's.
    func openChannel(timeout: Duration) async throws(AMQPError) -> AMQPChannel {
        AMQPChannel(core: try await core.openChannel(timeout: max(timeout, .milliseconds(1))), connection: self)
    }

    /// Opens a channel for the time of `body`, and closes it when `body` returns or throws.
    ///
    /// - Throws: As ``openChannel()``, and what `body` throws.
    @discardableResult
    public func withChannel<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (AMQPChannel) async throws -> Value
    ) async throws -> Value {
        let channel = try await openChannel()
        do {
            let value = try await body(channel)
            await channel.close()
            return value
        } catch {
            await channel.close()
            throw error
        }
    }

    // MARK: Closing

    /// Closes the connection: nothing new is taken, publishes under way get their answers, then the broker is told.
    ///
    /// Returns when the socket is closed, after `timeout` at the latest; what has no answer by then ends as unknown.
    /// Closing twice, or from several tasks, waits for the one close. Cancelling the task does not cut it short.
    ///
    /// - Parameter timeout: By default the configuration's `closeTimeout`.
    public func close(timeout: Duration? = nil) async {
        await core.close(timeout: timeout ?? core.configuration.closeTimeout)
    }

    /// Waits until the connection has ended, for whatever reason.
    ///
    /// - Returns: Why: `.closed` if this program closed it; `.cancelled` if the task was cancelled first.
    public func waitUntilClosed() async -> AMQPError {
        let waiter = Promise<AMQPError>()
        core.closed.whenCompleted { waiter.complete($0) }
        do throws(AMQPError) {
            return try await waiter.value { waiter.complete(.failure(AMQPError(.cancelled, "the wait was cancelled"))) }
        } catch {
            return error
        }
    }

    /// Gives the broker a new password or token, for example before an OAuth 2 token expires
    /// (https://www.rabbitmq.com/oauth2.html, `connection.update-secret`).
    ///
    /// - Parameters:
    ///   - secret: The new secret.
    ///   - reason: For the broker's log.
    /// - Throws: `.invalidArgument` if `reason` has more than 255 bytes; `.timeout`; why the connection ended.
    public func updateSecret(_ secret: String, reason: String) async throws(AMQPError) {
        try await core.updateSecret(secret, reason: reason)
    }
}

/// What happens to a connection.
public enum AMQPConnectionEvent: Sendable {
    /// The broker takes no publishes until further notice.
    case blocked(reason: String)
    /// The broker takes publishes again.
    case unblocked
    /// The connection has ended; `nil` if this program closed it.
    case closed(AMQPError?)
}
