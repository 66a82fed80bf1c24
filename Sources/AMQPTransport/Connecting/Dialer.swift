/// Drives ``DialStateMachine`` on a loop: resolves the host off the loop, races its addresses, and ends with one
/// connected descriptor or with what every address answered.
///
/// - Invariant: everything but `cancel()` runs on the loop's thread, and `cancel()` only posts to it. That is why the
///   class is `@unchecked Sendable`.
package final class Dialer: @unchecked Sendable {
    /// A connected, non-blocking descriptor, now the receiver's to close.
    package struct Connected: Sendable {
        package let descriptor: Int32
        package let address: SocketAddress
    }

    /// Called once, on the loop's thread.
    package typealias Completion = @Sendable (Result<Connected, DialFailure>) -> Void

    private let loop: EventLoop
    private let resolver: Resolver
    private var machine = DialStateMachine()
    private var attempts: [Int: Attempt] = [:]
    private var delayTimer: LoopTimer?
    private var deadlineTimer: LoopTimer?
    private var request: Resolver.Request?
    private var completion: Completion?

    package init(loop: EventLoop, resolver: Resolver = .shared) {
        self.loop = loop
        self.resolver = resolver
    }

    /// Begins to dial. From any thread, once.
    package func start(host: String, port: UInt16, deadline: MonotonicTime, completion: @escaping Completion) {
        loop.execute { [self] in
            guard !machine.hasEnded else {
                // Cancelled before it began.
                completion(.failure(DialFailure(reason: .cancelled, attempts: [])))
                return
            }
            self.completion = completion
            deadlineTimer = loop.schedule(at: deadline) { [self] in handle(.deadline) }
            request = resolver.resolve(host: host, port: port) { [self] result in
                loop.execute { [self] in
                    switch result {
                    case .success(let addresses): handle(.resolved(addresses))
                    case .failure(let error): handle(.resolveFailed(error))
                    }
                }
            }
        }
    }

    /// Gives up: the completion is called with `.cancelled` unless it was called before. From any thread, also before
    /// ``start(host:port:deadline:completion:)``.
    package func cancel() {
        loop.execute { [self] in handle(.cancelled) }
    }

    private func handle(_ event: DialStateMachine.Event) {
        var events = [event]
        while let next = events.popLast() {
            for action in machine.handle(next) {
                if let failed = run(action) { events.append(failed) }
            }
        }
    }

    /// Does what the machine asks for. Gives the event of an attempt that failed or succeeded at once.
    private func run(_ action: DialStateMachine.Action) -> DialStateMachine.Event? {
        switch action {
        case .start(let index, let address): return startAttempt(index, to: address)
        case .armDelayTimer(let delay):
            if let delayTimer { loop.cancel(delayTimer) }
            delayTimer = loop.schedule(at: .now() + delay) { [self] in handle(.delayTimerFired) }
        case .cancel(let index):
            if let attempt = attempts.removeValue(forKey: index) { attempt.abandon() }
        case .succeed(let index):
            guard let attempt = attempts.removeValue(forKey: index) else { break }
            finish(.success(Connected(descriptor: attempt.release(), address: attempt.address)))
        case .fail(let failure):
            finish(.failure(failure))
        }
        return nil
    }

    private func startAttempt(_ index: Int, to address: SocketAddress) -> DialStateMachine.Event? {
        do throws(SystemError) {
            let connecting = try Socket.startConnect(to: address)
            let attempt = Attempt(loop: loop, descriptor: connecting.descriptor, address: address)
            attempts[index] = attempt
            // Also one that is connected already is only looked at when epoll says so: one way for all.
            try attempt.watch { [self] error in
                if let error {
                    attempts.removeValue(forKey: index)?.abandon()
                    handle(.attemptFailed(index, error))
                } else {
                    handle(.attemptConnected(index))
                }
            }
            return nil
        } catch {
            attempts.removeValue(forKey: index)?.abandon()
            return .attemptFailed(index, error)
        }
    }

    private func finish(_ result: Result<Connected, DialFailure>) {
        if let delayTimer { loop.cancel(delayTimer) }
        if let deadlineTimer { loop.cancel(deadlineTimer) }
        request?.cancel()
        request = nil
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }
}

/// One address that is being tried.
///
/// - Invariant: lives on its loop's thread.
private final class Attempt: LoopSource, @unchecked Sendable {
    let address: SocketAddress
    private let loop: EventLoop
    private let descriptor: Int32
    private var token: LoopToken?
    private var isOwner = true
    private var report: ((SystemError?) -> Void)?

    init(loop: EventLoop, descriptor: Int32, address: SocketAddress) {
        self.loop = loop
        self.descriptor = descriptor
        self.address = address
    }

    func watch(_ report: @escaping (SystemError?) -> Void) throws(SystemError) {
        self.report = report
        token = try loop.register(descriptor, .write, handler: self)
    }

    func handle(_ event: EpollEvent) {
        guard let report else { return }
        stopWatching()
        do throws(SystemError) {
            try Socket.finishConnect(descriptor)
            report(nil)
        } catch {
            report(error)
        }
    }

    /// Gives the descriptor away.
    func release() -> Int32 {
        stopWatching()
        isOwner = false
        return descriptor
    }

    func abandon() {
        stopWatching()
        guard isOwner else { return }
        isOwner = false
        Socket.close(descriptor)
    }

    private func stopWatching() {
        if let token { loop.deregister(descriptor, token) }
        token = nil
        report = nil
    }
}
