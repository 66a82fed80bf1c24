internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// Something that has events of its own and makes them when they are taken: the deliveries of a consumer, the last state of a
/// client. It stands in the queue once, however many they are.
protocol EventSource: AnyObject, Sendable {
    var place: EventQueue.Place { get }

    /// Takes events, up to `maximum`. Without a lock of the queue.
    ///
    /// - Returns: Whether these were all. If not, it stays in the queue.
    func takeEvents(upTo maximum: Int, into events: inout [EventObject]) -> Bool

    /// Nobody will take any more for the moment: what can be written now should be.
    func flush()
}

/// What happened and was not taken yet. Any thread puts in, any thread takes out.
///
/// - Invariant: what changes is guarded by `lock`, but for the atomics. With it held nothing but the eventfd is called: nobody's
///   code, no other lock. That is why the class is `@unchecked Sendable`.
final class EventQueue: @unchecked Sendable {
    /// Whether a source is in the queue.
    ///
    /// - Invariant: guarded by the lock of the queue; that is why the class is `@unchecked Sendable`.
    final class Place: @unchecked Sendable {
        fileprivate var isTaken = false
    }

    enum Entry {
        /// Never empty.
        case confirms(EndedPublishes)
        case event(EventObject)
        case source(any EventSource)

        var confirmCount: Int { if case .confirms(let publishes) = self { publishes.count } else { 0 } }
    }

    let highWater: Int
    private let lock = ConditionLock()
    private let eventFD: EventFD
    @exclusivity(unchecked) private var incoming: [Entry] = []
    /// What is being taken out, from `head` on.
    @exclusivity(unchecked) private var outgoing: [Entry] = []
    @exclusivity(unchecked) private var head = 0
    /// How many events are in both; a source is one.
    @exclusivity(unchecked) private var queued = 0
    /// Somebody looks at the descriptor.
    @exclusivity(unchecked) private var isWatched = false
    @exclusivity(unchecked) private var isSignalled = false
    @exclusivity(unchecked) private var wakeups = 0
    @exclusivity(unchecked) private var waiters = 0
    @exclusivity(unchecked) private var isClosed = false
    @exclusivity(unchecked) private var dispatcher: Dispatcher?
    /// Dispatchers that were told to end and have not yet.
    private var leaving: [Dispatcher] = []
    private var notify: (@Sendable () -> Void)?
    /// Sources that something was taken from since they were flushed.
    @exclusivity(unchecked) private var unflushed: [any EventSource] = []
    /// Publishers that found no place for a confirm.
    private var wanting: [any PublishListener] = []
    /// Places of confirms: of those to come and of those in the queue.
    private let occupied = Atomic(0)
    private let isPlaceWanted = Atomic(false)
    private let lost = Atomic<UInt64>(0)

    /// - Throws: where no descriptor is to be had.
    init(highWater: Int) throws(SystemError) {
        self.highWater = highWater
        eventFD = try EventFD()
    }

    // MARK: Places of confirms

    /// Takes a place for the confirm of a publish. False if there is none; then `publisher` is told when there is.
    @inline(__always)
    func reserve(for publisher: any PublishListener) -> Bool {
        let before = occupied.add(1, ordering: .relaxed).oldValue
        if before < highWater { return true }
        return refuse(publisher)
    }

    @inline(never)
    private func refuse(_ publisher: any PublishListener) -> Bool {
        occupied.subtract(1, ordering: .relaxed)
        lock.lock()
        if !wanting.contains(where: { $0 === publisher }) { wanting.append(publisher) }
        isPlaceWanted.store(true, ordering: .sequentiallyConsistent)
        lock.unlock()
        // Places may have come free since: then nobody else would look.
        release(0)
        return false
    }

    /// Gives places back that were reserved, or whose confirms were taken.
    func release(_ count: Int) {
        let left =
            count == 0
            ? occupied.load(ordering: .sequentiallyConsistent)
            : occupied.subtract(count, ordering: .sequentiallyConsistent).newValue
        guard isPlaceWanted.load(ordering: .sequentiallyConsistent), left <= highWater / 2 else { return }
        lock.lock()
        let told = wanting
        wanting = []
        isPlaceWanted.store(false, ordering: .sequentiallyConsistent)
        lock.unlock()
        for publisher in told { publisher.hasRoom() }
    }

    // MARK: Putting in

    /// Confirms whose places were reserved.
    func push(_ publishes: EndedPublishes) {
        let added = publishes.count
        guard added > 0 else { return }
        let isPut = put { append(.confirms(publishes), count: added) }
        if !isPut { release(added) }
    }

    /// An event that may be dropped when there are many.
    func offer(_ event: EventObject) {
        put {
            if queued < highWater {
                append(.event(event))
            } else {
                lost.add(1, ordering: .relaxed)
            }
        }
    }

    func push(_ event: EventObject) { put { append(.event(event)) } }

    func push(_ source: any EventSource) {
        put {
            guard !source.place.isTaken else { return }
            source.place.isTaken = true
            append(.source(source))
        }
    }

    /// False if nobody takes anything any more.
    @inline(__always) @discardableResult
    private func put(_ append: () -> Void) -> Bool {
        lock.lock()
        guard !isClosed else {
            lock.unlock()
            return false
        }
        let wasEmpty = isEmpty
        append()
        let isNews = wasEmpty && !isEmpty
        if isNews { signalIfWatched() }
        let isAnybodyWaiting = waiters > 0
        let notify = isNews ? notify : nil
        lock.unlock()
        if isAnybodyWaiting { lock.wakeOne() }
        notify?()
        return true
    }

    // MARK: Taking out

    /// Takes up to `maximum` events. Waits until there is one.
    ///
    /// - Parameters:
    ///   - events: Has room for `maximum` handles.
    ///   - dispatcher: Who takes, if it is the dispatcher of the queue.
    /// - Returns: How many handles were put there.
    /// - Throws: `CLOSED` once the queue was freed, or is dispatched; `WOULD_DEADLOCK`.
    func take(
        upTo maximum: Int, into events: UnsafeMutablePointer<OpaquePointer?>, _ limit: Waiting.Limit,
        for dispatcher: Dispatcher? = nil
    ) throws(Failure) -> Int {
        var taken = 0
        while true {
            lock.lock()
            guard !isClosed, self.dispatcher === dispatcher else {
                let text = isClosed ? "the event queue was freed" : "the event queue is dispatched"
                lock.unlock()
                // What was taken meanwhile is in no queue any more.
                if taken > 0 { return taken }
                throw Failure(SAMQP_ERR_CLOSED, text)
            }
            if isEmpty {
                guard taken == 0, wakeups == 0 else {
                    if taken == 0 { wakeups -= 1 }
                    unsignalIfEmpty()
                    lock.unlock()
                    return taken
                }
                if !unflushed.isEmpty {
                    let sources = unflushed
                    unflushed = []
                    lock.unlock()
                    for source in sources { source.flush() }
                    continue
                }
                guard limit.mayWait else {
                    lock.unlock()
                    return taken
                }
                if dispatcher == nil, Callback.isInEvent {
                    lock.unlock()
                    throw Failure.wouldDeadlock
                }
                waiters += 1
                let isInTime = lock.wait(until: limit.deadline)
                waiters -= 1
                let isOver = !isInTime && isEmpty && wakeups == 0
                lock.unlock()
                if isOver { return taken }
                continue
            }
            var confirms = 0
            var source: (any EventSource)?
            while taken < maximum, source == nil, let entry = first {
                switch entry {
                case .confirms(let publishes):
                    publishes.take(upTo: maximum - taken) { publish in
                        events[taken] = EventHandle.make(publish)
                        taken += 1
                        confirms += 1
                    }
                    if publishes.count == 0 { dropFirst() }
                case .event(let event):
                    events[taken] = Handle.make(event)
                    taken += 1
                    queued -= 1
                    dropFirst()
                case .source(let next):
                    next.place.isTaken = false
                    source = next
                    queued -= 1
                    dropFirst()
                }
            }
            queued -= confirms
            unsignalIfEmpty()
            let isMoreThere = !isEmpty && waiters > 0
            lock.unlock()
            if isMoreThere { lock.wakeOne() }
            if confirms > 0 { release(confirms) }
            if let source { taken += take(from: source, upTo: maximum - taken, into: events + taken) }
            if taken >= maximum { return taken }
        }
    }

    private func take(
        from source: any EventSource, upTo maximum: Int, into events: UnsafeMutablePointer<OpaquePointer?>
    ) -> Int {
        var objects: [EventObject] = []
        let isAll = source.takeEvents(upTo: maximum, into: &objects)
        if !isAll { push(source) }
        guard !objects.isEmpty else { return 0 }
        lock.withLock { if !unflushed.contains(where: { $0 === source }) { unflushed.append(source) } }
        for (index, object) in objects.enumerated() { events[index] = Handle.make(object) }
        return objects.count
    }

    // MARK: With the lock held

    private var isEmpty: Bool { head == outgoing.count && incoming.isEmpty }

    private func append(_ entry: Entry, count: Int = 1) {
        incoming.append(entry)
        queued += count
    }

    private var first: Entry? {
        if head == outgoing.count {
            guard !incoming.isEmpty else { return nil }
            swap(&outgoing, &incoming)
        }
        return outgoing[head]
    }

    /// There is a first one, and it was looked at.
    private func dropFirst() {
        head += 1
        if head == outgoing.count {
            // An entry may hold a client.
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= 65_536)
            head = 0
        }
    }

    private func signalIfWatched() {
        guard isWatched, !isSignalled else { return }
        isSignalled = true
        eventFD.signal()
    }

    private func unsignalIfEmpty() {
        guard isSignalled, isEmpty, wakeups == 0 else { return }
        isSignalled = false
        eventFD.drain()
    }

    // MARK: Waking, watching, ending

    func wakeUp() {
        lock.lock()
        wakeups += 1
        signalIfWatched()
        lock.unlock()
        lock.wakeAll()
    }

    var count: Int { lock.withLock { queued } }

    var lostCount: UInt64 { lost.load(ordering: .relaxed) }

    /// The descriptor; from now on it is kept true.
    var descriptor: Int32 {
        lock.withLock {
            isWatched = true
            if !isEmpty || wakeups > 0 { signalIfWatched() }
            return eventFD.descriptor
        }
    }

    func setNotify(_ notify: (@Sendable () -> Void)?) {
        lock.lock()
        self.notify = notify
        let isDue = notify != nil && !isEmpty
        lock.unlock()
        if isDue { notify?() }
    }

    /// Makes `dispatcher` the one that takes. False if there is one.
    func setDispatcher(_ dispatcher: Dispatcher) -> Bool {
        let isSet = lock.withLock {
            guard self.dispatcher == nil, !isClosed else { return false }
            self.dispatcher = dispatcher
            return true
        }
        lock.wakeAll()
        return isSet
    }

    /// Those that may call the program now.
    var dispatchers: [Dispatcher] { lock.withLock { leaving + (dispatcher.map { [$0] } ?? []) } }

    /// The dispatcher is told to end, and nobody is the one that takes any more.
    ///
    /// - Returns: All who have not ended yet.
    func removeDispatcher() -> [Dispatcher] {
        let left = lock.withLock {
            if let dispatcher = dispatcher.take() { leaving.append(dispatcher) }
            return leaving
        }
        lock.wakeAll()
        return left
    }

    /// It does not call the program any more.
    func didEnd(_ dispatcher: Dispatcher) { lock.withLock { leaving.removeAll { $0 === dispatcher } } }

    /// Drops what is there, and what comes.
    func close() {
        lock.lock()
        isClosed = true
        let dropped = (incoming, outgoing, unflushed, wanting, notify)
        (incoming, outgoing, unflushed, wanting, notify) = ([], [], [], [], nil)
        let confirms = (dropped.0 + dropped.1.dropFirst(head)).reduce(0) { $0 + $1.confirmCount }
        head = 0
        queued = 0
        dispatcher = nil
        lock.unlock()
        lock.wakeAll()
        release(confirms)
        // Their ends take other locks.
        withExtendedLifetime(dropped) {}
    }
}
