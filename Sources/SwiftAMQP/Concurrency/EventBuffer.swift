internal import AMQPTransport

/// Events of one kind, bounded: when nobody takes them the oldest go, and are counted. Putting in never waits.
///
/// - Invariant: guarded by `lock`, which is taken on its own; that is why the class is `@unchecked Sendable`.
final class EventBuffer<Element: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private let capacity: Int
    private let maximumWeight: Int
    private let weigh: @Sendable (Element) -> Int
    private var weight = 0
    private var events = FIFO<Element>()
    private var dropped: UInt64 = 0
    private var isFinished = false
    /// One reader is meant; where there are more, all are woken and look again.
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - capacity: How many events it holds.
    ///   - maximumWeight: How much they may weigh together, for events that carry bytes.
    ///   - weigh: What one weighs.
    init(capacity: Int, maximumWeight: Int = .max, weigh: @escaping @Sendable (Element) -> Int = { _ in 0 }) {
        self.capacity = max(1, capacity)
        self.maximumWeight = maximumWeight
        self.weigh = weigh
    }

    var droppedCount: UInt64 { lock.withLock { dropped } }

    func append(_ element: Element) {
        lock.lock()
        guard !isFinished else {
            lock.unlock()
            return
        }
        weight += weigh(element)
        events.append(element)
        while events.count > capacity || weight > maximumWeight, let oldest = events.popFirst() {
            weight -= weigh(oldest)
            dropped &+= 1
        }
        wakeAll()
    }

    /// What was put in is still given out; then comes the end.
    func finish() {
        lock.lock()
        isFinished = true
        wakeAll()
    }

    /// The next event; `nil` at the end, or when the task is cancelled.
    func next() async -> Element? {
        while !Task.isCancelled {
            lock.lock()
            let element = events.popFirst()
            if let element { weight -= weigh(element) }
            let isOver = isFinished
            lock.unlock()
            if element != nil || isOver { return element }
            await wait()
        }
        return nil
    }

    /// With the lock held, which it releases.
    private func wakeAll() {
        let continuations = waiting
        waiting = []
        lock.unlock()
        for continuation in continuations { continuation.resume() }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                lock.lock()
                if !events.isEmpty || isFinished || Task.isCancelled {
                    lock.unlock()
                    continuation.resume()
                    return
                }
                waiting.append(continuation)
                lock.unlock()
            }
        } onCancel: {
            lock.lock()
            wakeAll()
        }
    }
}

/// A sequence of events, bounded: the oldest are dropped, and counted, when nobody takes them. For one reader.
public struct AMQPEvents<Element: Sendable>: AsyncSequence, Sendable {
    let buffer: EventBuffer<Element>
    /// The connection or channel whose events they are: it stays open while somebody waits for them.
    let owner: any AnyObject & Sendable

    /// How many events were dropped because nobody took them in time.
    public var droppedCount: UInt64 { buffer.droppedCount }

    public func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer, owner: owner) }

    public struct Iterator: AsyncIteratorProtocol {
        let buffer: EventBuffer<Element>
        let owner: any AnyObject & Sendable

        /// The next event; `nil` when there will be none, or the task was cancelled.
        public mutating func next() async -> Element? { await buffer.next() }

        public nonisolated(nonsending) mutating func next(isolation actor: (any Actor)?) async -> Element? {
            await buffer.next()
        }
    }
}
