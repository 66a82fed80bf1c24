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
    private var told: [(listener: any PublishListener, publishes: [EndedPublish])] = []

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
    mutating func note(_ publish: ResendingPublish, _ event: ResendingPublisher.Event, attempt: UInt64) {
        notes.append(ResendingPublisher.Note(publish: publish, event: event, attempt: attempt))
    }

    /// A publish has ended whose publisher has a listener.
    mutating func tell(_ listener: any PublishListener, _ publish: EndedPublish) {
        if let last = told.indices.last, told[last].listener === listener {
            told[last].publishes.append(publish)
        } else {
            told.append((listener, [publish]))
        }
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
