internal import AMQPTransport
internal import AMQPWire

/// One attempt to connect: resolve, TCP, handshake, with one deadline over all of it.
///
/// - Invariant: `core` is touched on the loop's thread only; that is why the class is `@unchecked Sendable`.
final class ConnectAttempt: @unchecked Sendable {
    private let configuration: AMQPConfiguration
    private let endpoint: String
    private let loop: EventLoop
    private let dialer: Dialer
    private let deadline: MonotonicTime
    private let promise = Promise<ConnectionCore>()
    private var core: ConnectionCore?
    private var isCancelled = false

    init(_ configuration: AMQPConfiguration, loop: EventLoop = .shared) throws(AMQPError) {
        try configuration.validate()
        self.configuration = configuration
        self.loop = loop
        endpoint = configuration.endpoint
        dialer = Dialer(loop: loop)
        deadline = .now() + configuration.connectTimeout
        if let error = loop.startError {
            throw AMQPError(
                .unreachable, "the event loop could not start: \(error)", endpoint: endpoint, systemErrno: error.errno)
        }
    }

    func run() async throws(AMQPError) -> ConnectionCore {
        dialer.start(host: configuration.host, port: configuration.port, deadline: deadline) { [self] result in
            switch result {
            case .success(let connected): start(connected)
            case .failure(let failure): promise.complete(.failure(AMQPError(failure, endpoint: endpoint)))
            }
        }
        return try await promise.value { [self] in
            loop.execute { [self] in cancel() }
        }
    }

    /// TCP is connected. Loop thread.
    private func start(_ connected: Dialer.Connected) {
        guard !isCancelled else {
            Socket.close(connected.descriptor)
            return
        }
        let frameMax = Int(clamping: configuration.frameMax)
        let stream = SocketStream(
            loop: loop, descriptor: connected.descriptor, readCapacity: max(512 << 10, frameMax * 4))
        let core = ConnectionCore(configuration: configuration, stream: stream, endpoint: endpoint)
        self.core = core
        core.closeTimer = loop.schedule(at: deadline) { core.handshakeOverdue() }
        do throws(SystemError) {
            try stream.start(delegate: core)
        } catch {
            promise.complete(
                .failure(
                    AMQPError(
                        .unreachable, "the connected socket cannot be watched: \(error)", endpoint: endpoint,
                        systemErrno: error.errno)))
            return
        }
        core.run(core.machine.handle(.connected))
        core.opened.whenCompleted { [promise] outcome in
            switch outcome {
            case .success:
                // Nobody waits any more if the task was cancelled in this very moment.
                if !promise.complete(.success(core)) { core.abandon() }
            case .failure(let error): promise.complete(.failure(error))
            }
        }
    }

    /// The task was cancelled. Loop thread.
    private func cancel() {
        isCancelled = true
        let error = AMQPError(.cancelled, "cancelled while connecting", endpoint: endpoint)
        guard promise.complete(.failure(error)) else { return }
        dialer.cancel()
        core?.fail(error)
    }
}

extension ConnectionCore {
    /// The deadline passed in the middle of the handshake. Loop thread.
    fileprivate func handshakeOverdue() {
        fail(
            AMQPError(
                .connectTimeout,
                "the deadline of \(configuration.connectTimeout) passed while waiting for \(machine.state)"))
    }

    func updateSecret(_ secret: String, reason: String) async throws(AMQPError) {
        let frame: [UInt8]
        do throws(WireError) {
            frame = try FrameEncoder.frame(
                .connectionUpdateSecret(.init(newSecret: Array(secret.utf8), reason: reason)), channel: 0,
                maxFrameSize: frameMax)
        } catch {
            throw AMQPError(error)
        }
        let update = SecretUpdate()
        lock.lock()
        if let refusal = refusal() {
            lock.unlock()
            throw refusal
        }
        secretUpdates.append(update)
        noteSecret(secret)
        frame.withUnsafeBytes { _ = stream.append($0) }
        let actions = Actions(write: stream.noteAppended(.immediate), resumesReading: mustResumeReading)
        lock.unlock()
        perform(actions)
        // The answer has no name to tie it to its question: after a timeout the update stays in line and takes it.
        let timer = Deadline(loop: loop, at: .now() + configuration.rpcTimeout) { [self] in
            giveUp(
                update, AMQPError(.timeout, "connection.update-secret was not answered", endpoint: endpoint))
        }
        defer { timer.cancel() }
        try await update.promise.value { [self] in
            giveUp(
                update,
                AMQPError(.cancelled, "cancelled while waiting for the answer to connection.update-secret"))
        }
    }

    private func giveUp(_ update: SecretUpdate, _ error: AMQPError) {
        lock.withLock { update.isAwaited = false }
        update.promise.complete(.failure(error))
    }
}

/// One `connection.update-secret` under way.
///
/// - Invariant: `isAwaited` is guarded by the outbox lock; the rest is constant.
final class SecretUpdate: @unchecked Sendable {
    let promise = Promise<Void>()
    /// Whether anybody still waits for the answer.
    var isAwaited = true
}
