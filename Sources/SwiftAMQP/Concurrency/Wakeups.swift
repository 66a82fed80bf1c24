/// What has to be resumed once the lock is released.
///
/// Filled with the outbox lock held, resumed without it: a continuation that is resumed inside a lock may run code that
/// wants that lock.
struct Wakeups {
    private var outcomes: [(UnsafeContinuation<AMQPPublishOutcome, Never>, AMQPPublishOutcome)] = []
    private var plain: [UnsafeContinuation<Void, Never>] = []
    private var actions: [() -> Void] = []
    private var windows: [PublisherCore] = []
    private var notes: [ResendingPublisher.Note] = []
    /// What listeners are told: of each one's publishes in a row at once.
    private var told: [(listener: any PublishListener, publishes: EndedPublishes)] = []

    mutating func resume(
        _ continuation: UnsafeContinuation<AMQPPublishOutcome, Never>, with outcome: AMQPPublishOutcome
    ) {
        outcomes.append((continuation, outcome))
    }

    mutating func resume(_ continuation: UnsafeContinuation<Void, Never>) { plain.append(continuation) }

    /// For what is rare: completing promises, ending consumers.
    mutating func perform(_ action: @escaping () -> Void) { actions.append(action) }

    /// A publisher's window opened and somebody waits for that.
    mutating func open(_ window: PublisherCore) {
        if windows.last !== window { windows.append(window) }
    }

    /// The publishers to let go on; with the lock held, once the tracker is not being changed any more.
    mutating func takeWindows() -> [PublisherCore] {
        guard !windows.isEmpty else { return [] }
        let taken = windows
        windows.removeAll(keepingCapacity: true)
        return taken
    }

    /// Something happened to a publish whose publisher has a lock of its own.
    @inline(__always)
    mutating func note(_ note: ResendingPublisher.Note) { notes.append(note) }

    /// Where to put the publishes that `listener` is to be told of next.
    mutating func publishes(for listener: any PublishListener) -> EndedPublishes {
        if let last = told.last, last.listener === listener { return last.publishes }
        let publishes = EndedPublishes()
        told.append((listener, publishes))
        return publishes
    }

    /// Resumes everything, without the lock. Keeps its storage for the next time.
    mutating func run() {
        // First: who learns that a channel has ended finds its publishes told.
        if !notes.isEmpty {
            ResendingPublisher.take(notes)
            notes.removeAll(keepingCapacity: notes.count <= 1024)
        }
        if !told.isEmpty {
            let all = told
            told = []
            for (listener, publishes) in all { listener.didEnd(publishes) }
        }
        for (continuation, outcome) in outcomes { continuation.resume(returning: outcome) }
        for continuation in plain { continuation.resume() }
        for action in actions { action() }
        outcomes.removeAll(keepingCapacity: outcomes.count <= 1024)
        plain.removeAll(keepingCapacity: plain.count <= 1024)
        actions.removeAll()
    }
}
