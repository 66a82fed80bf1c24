/// A race of connects to the addresses of a host, RFC 8305 ("happy eyeballs"), section 5.
///
/// The first address is tried at once, the next when the one before has failed or has not answered within the attempt
/// delay; the first that connects wins and the others are cancelled. Values in, actions out: the owner has the sockets,
/// the timer and the clock. It carries out the actions in order, and may hand in the next event only after the last of
/// them (a connect that fails at once is an event, too).
///
/// After `.succeed` or `.fail` there is nothing more: later events give no action. The owner drops its timer and its
/// resolver request by itself then.
package struct DialStateMachine: ~Copyable, Sendable {
    package enum Event: Sendable {
        /// In the order in which they are to be tried, see ``AddressOrder``.
        case resolved([SocketAddress])
        case resolveFailed(ResolveError)
        case attemptFailed(Int, SystemError)
        case attemptConnected(Int)
        case delayTimerFired
        /// The connect deadline passed.
        case deadline
        case cancelled
    }

    package enum Action: Sendable, Equatable {
        /// Open a socket and connect. Attempts are numbered 0, 1, 2... in the order of the addresses.
        case start(attempt: Int, SocketAddress)
        /// Replaces a timer that is still armed. One that fires late all the same does no harm.
        case armDelayTimer(Duration)
        /// Close the socket of a running attempt.
        case cancel(attempt: Int)
        /// The socket of this attempt is connected. All others were cancelled.
        case succeed(attempt: Int)
        case fail(DialFailure)
    }

    private enum Attempt {
        case notStarted
        case running
        case failed(SystemError)
    }

    private enum State {
        case resolving
        case racing
        case ended
    }

    private let attemptDelay: Duration
    private let maximumRunning: Int
    private var state = State.resolving
    private var addresses: [SocketAddress] = []
    /// One an address. Those below `started` are running or have failed, the others are not started.
    private var attempts: [Attempt] = []
    private var started = 0
    private var running = 0

    /// - Parameters:
    ///   - attemptDelay: 250 ms is what RFC 8305 recommends; less than 10 ms, which it forbids, is taken as 10 ms.
    ///   - maximumRunning: how many connects at a time, at least 1. A name with a hundred dead addresses shall not cost
    ///     a hundred descriptors.
    package init(attemptDelay: Duration = .milliseconds(250), maximumRunning: Int = 8) {
        self.attemptDelay = max(attemptDelay, .milliseconds(10))
        self.maximumRunning = max(maximumRunning, 1)
    }

    package var hasEnded: Bool { state == .ended }

    /// Takes an event and says what to do about it.
    package mutating func handle(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.ended, _): []
        case (_, .cancelled): fail(.cancelled)
        case (_, .deadline): fail(.deadline)
        case (.resolving, .resolveFailed(let error)): fail(.unresolved(error))
        case (.resolving, .resolved(let addresses)): race(addresses)
        case (.racing, .delayTimerFired): startNext()
        case (.racing, .attemptFailed(let attempt, let error)): attemptFailed(attempt, error)
        case (.racing, .attemptConnected(let attempt)): attemptConnected(attempt)
        // Out of turn, from an owner that has two timers or two lookups: not worth more than nothing.
        case (.resolving, _), (.racing, .resolved), (.racing, .resolveFailed): []
        }
    }

    private mutating func race(_ addresses: [SocketAddress]) -> [Action] {
        guard !addresses.isEmpty else { return fail(.unresolved(.noAddress)) }
        state = .racing
        self.addresses = addresses
        attempts = Array(repeating: .notStarted, count: addresses.count)
        return startNext()
    }

    /// Starts the next address, if there is one and room for it, and arms the timer for the one after it.
    private mutating func startNext() -> [Action] {
        guard started < addresses.count, running < maximumRunning else { return [] }
        let attempt = started
        attempts[attempt] = .running
        started += 1
        running += 1
        var actions = [Action.start(attempt: attempt, addresses[attempt])]
        // At the limit it is a failure that makes room, and starts the next.
        if started < addresses.count, running < maximumRunning { actions.append(.armDelayTimer(attemptDelay)) }
        return actions
    }

    private mutating func attemptFailed(_ attempt: Int, _ error: SystemError) -> [Action] {
        guard isRunning(attempt) else { return [] }
        attempts[attempt] = .failed(error)
        running -= 1
        if started < addresses.count { return startNext() }
        return running == 0 ? fail(.allFailed) : []
    }

    private mutating func attemptConnected(_ winner: Int) -> [Action] {
        guard isRunning(winner) else { return [] }
        let actions = cancelRunning(except: winner) + [.succeed(attempt: winner)]
        end()
        return actions
    }

    private mutating func fail(_ reason: DialFailure.Reason) -> [Action] {
        let outcomes = zip(addresses, attempts).map { address, attempt in
            let outcome: DialFailure.Attempt.Outcome =
                switch attempt {
                case .notStarted: .notStarted
                case .running: .unanswered
                case .failed(let error): .failed(error)
                }
            return DialFailure.Attempt(address: address, outcome: outcome)
        }
        let actions = cancelRunning(except: nil) + [.fail(DialFailure(reason: reason, attempts: outcomes))]
        end()
        return actions
    }

    /// The attempt may be any number: it comes from the owner's table of descriptors, and late.
    private func isRunning(_ attempt: Int) -> Bool {
        guard attempts.indices.contains(attempt), case .running = attempts[attempt] else { return false }
        return true
    }

    private func cancelRunning(except winner: Int?) -> [Action] {
        attempts.indices.filter { $0 != winner && isRunning($0) }.map { .cancel(attempt: $0) }
    }

    private mutating func end() {
        state = .ended
        (addresses, attempts, started, running) = ([], [], 0, 0)
    }
}
