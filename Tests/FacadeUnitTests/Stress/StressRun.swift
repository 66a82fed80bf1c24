import CSwiftAMQP
import Glibc
import Synchronization
import TestSupport

/// Sixteen threads at one client of the C ABI, and what they were told.
///
/// Threads share as little as they can beside the library: what orders them for the thread sanitizer has to be the library.
///
/// - Invariant: handles and `tags` do not change while threads run, and handles may be used by all of them. Each place of `tags`
///   is written by the library, for one publish, before its event. That is why the class is `@unchecked Sendable`.
final class StressRun: @unchecked Sendable {
    /// The end of a publish, as its event or the call told it.
    struct Ending: Sendable {
        let number: Int
        let status: samqp_status
        let attempts: Int32
    }

    /// An event that two threads look at.
    private final class SharedEvent: Sendable {
        let event: Client
        let users = Locked(2)

        init(_ event: OpaquePointer) { self.event = Client(handle: event) }
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    static let publishers = 4
    static let alternators = 2
    static let eventTakers = 3
    static let pollers = 3
    static let waiters = 2
    static let threads = publishers + alternators + eventTakers + pollers + waiters + 2
    static let publishesEach = 400
    static let waitsEach = 60
    static let churns = 30
    static let publishesOfAChurn = 10
    static let published = (publishers + alternators) * publishesEach
    static let publishes = published + waiters * waitsEach + churns * publishesOfAChurn
    static let deliveries = 600

    private let client: OpaquePointer
    private let events: OpaquePointer
    private let shared: [OpaquePointer]
    private let consumer: OpaquePointer
    private let ledger: StressLedger
    private let tags: UnsafeMutablePointer<UInt64>
    private let deadline = Deadline.after(.seconds(60))
    private let takenIn = Atomic(0)
    private let toldOf = Atomic(0)
    /// The number of the last event of each thread that publishes, and one.
    private let lastTold = (0..<publishers + alternators).map { _ in Counter() }
    private let shelf = Locked<[SharedEvent]>([])
    private let deliveriesOnShelf = Locked<[Client]>([])

    private struct Told: Sendable {
        var endings: [Ending] = []
        var complaints: [String] = []
        var deliveries: [Int] = []
    }

    private let told = Locked(Told())

    var endings: [Ending] { told.withLock { $0.endings } }
    var complaints: [String] { told.withLock { $0.complaints } }
    /// What was delivered, as often as it was.
    var delivered: [Int] { told.withLock { $0.deliveries } }

    init?(_ client: Client, _ ledger: StressLedger) {
        self.client = client.handle
        self.ledger = ledger
        tags = .allocate(capacity: Self.publishes)
        tags.initialize(repeating: 0, count: Self.publishes)
        // Few places, so that publishing has to wait for those who take events.
        guard let events = samqp_events_new(128) else { return nil }
        self.events = events
        var made: OpaquePointer?
        shared = (0..<2).compactMap { _ in
            samqp_publisher_open(&made, client.handle, nil, events, nil, nil) == SAMQP_OK ? made : nil
        }
        let options = samqp_options_new()
        defer { samqp_options_free(options) }
        _ = samqp_options_set(options, "consumer.prefetch", "16", nil)
        guard samqp_consume(&made, client.handle, "q", options, nil, nil, 0, nil) == SAMQP_OK, let made else {
            return nil
        }
        consumer = made
    }

    deinit {
        for publisher in shared { samqp_publisher_free(publisher) }
        samqp_consumer_free(consumer)
        samqp_events_free(events)
        tags.deallocate()
    }

    /// What thread `index` of ``threads`` does.
    func run(_ index: Int) {
        var told = Told()
        var left = index
        func isOne(of count: Int) -> Bool {
            left -= count
            return left < 0
        }
        if isOne(of: Self.publishers) {
            publish(index, &told)
        } else if isOne(of: Self.alternators) {
            alternate(index, &told)
        } else if isOne(of: Self.eventTakers) {
            takeEvents(&told)
        } else if isOne(of: Self.pollers) {
            poll(&told)
        } else if isOne(of: Self.waiters) {
            publishWaiting(left + Self.waiters, &told)
        } else if isOne(of: 1) {
            churn(&told)
        } else {
            ask()
        }
        self.told.withLock {
            $0.endings += told.endings
            $0.complaints += told.complaints
            $0.deliveries += told.deliveries
        }
    }

    // MARK: Publishing

    private func submit(
        _ number: Int, _ publisher: OpaquePointer, _ events: OpaquePointer, _ told: inout Told
    ) {
        let message = StressMessage(number)
        while !deadline.hasPassed {
            let status = message.withArguments { properties, body in
                samqp_publish(
                    publisher, "", message.routingKey, properties, body.baseAddress, body.count, message.flags,
                    UnsafeMutableRawPointer(bitPattern: number + 1), tags + number, nil)
            }
            if status == SAMQP_OK {
                takenIn.add(1, ordering: .relaxed)
                return
            }
            guard status == SAMQP_ERR_WOULD_BLOCK else {
                told.complaints.append("publish \(number) was refused: \(status)")
                return
            }
            take(events, within: 20, &told)
        }
        told.complaints.append("publish \(number) found no room")
    }

    private func publish(_ thread: Int, _ told: inout Told) {
        for index in 0..<Self.publishesEach {
            submit(thread * Self.publishesEach + index, shared[index % shared.count], events, &told)
        }
    }

    /// One at a time, and nothing in between that would order this thread and the one that takes the event: the library has to,
    /// and the next one is most likely made of what the last one was.
    private func alternate(_ thread: Int, _ told: inout Told) {
        var own: OpaquePointer?
        guard samqp_publisher_open(&own, client, nil, events, nil, nil) == SAMQP_OK, let own else { return }
        for number in thread * Self.publishesEach..<(thread + 1) * Self.publishesEach {
            submit(number, own, events, &told)
            while lastTold[thread].value.load(ordering: .relaxed) != number + 1, !deadline.hasPassed { sched_yield() }
        }
        samqp_publisher_free(own)
    }

    private func publishWaiting(_ thread: Int, _ told: inout Told) {
        let first = Self.published + thread * Self.waitsEach
        for number in first..<first + Self.waitsEach {
            let message = StressMessage(number)
            let status = message.withArguments { properties, body in
                samqp_publish_wait(
                    shared[number % shared.count], "", message.routingKey, properties, body.baseAddress, body.count,
                    message.flags, -1, nil)
            }
            told.endings.append(Ending(number: number, status: status, attempts: 1))
        }
    }

    /// Publishers whose handles are gone before their publishes have ended.
    private func churn(_ told: inout Told) {
        guard let own = samqp_events_new(0) else { return }
        let first = Self.published + Self.waiters * Self.waitsEach
        let before = told.endings.count
        for round in 0..<Self.churns {
            var publisher: OpaquePointer?
            guard samqp_publisher_open(&publisher, client, nil, own, nil, nil) == SAMQP_OK, let publisher else { break }
            for index in 0..<Self.publishesOfAChurn {
                submit(first + round * Self.publishesOfAChurn + index, publisher, own, &told)
            }
            samqp_publisher_free(publisher)
            take(own, within: 0, &told)
        }
        while told.endings.count - before < Self.churns * Self.publishesOfAChurn, !deadline.hasPassed {
            take(own, within: 20, &told)
        }
        samqp_events_free(own)
    }

    // MARK: Events

    private func takeEvents(_ told: inout Told) {
        let expected = Self.published + Self.churns * Self.publishesOfAChurn
        while toldOf.load(ordering: .relaxed) < expected, !deadline.hasPassed {
            take(events, within: 20, &told)
            lookAtShelf(&told)
        }
        lookAtShelf(&told)
    }

    private func take(_ events: OpaquePointer, within timeout: Int64, _ told: inout Told) {
        var batch = [OpaquePointer?](repeating: nil, count: 16)
        let count = Int(samqp_events_poll_batch(events, timeout, &batch, batch.count))
        for event in batch.prefix(max(count, 0)) {
            guard let event else { continue }
            guard samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM else {
                samqp_event_free(event)
                continue
            }
            let number = Int(bitPattern: samqp_event_user(event)) - 1
            note(event, number, &told)
            if number % 5 == 0 {
                let shared = SharedEvent(event)
                shelf.withLock { $0.append(shared) }
                look(at: shared, &told)
            } else {
                samqp_event_free(event)
            }
            toldOf.add(1, ordering: .relaxed)
            let thread = number / Self.publishesEach
            if lastTold.indices.contains(thread) { lastTold[thread].value.store(number + 1, ordering: .relaxed) }
        }
    }

    private func note(_ event: OpaquePointer, _ number: Int, _ told: inout Told) {
        guard (0..<Self.publishes).contains(number) else {
            told.complaints.append("an event is for a publish \(number) that there never was")
            return
        }
        let tag = samqp_event_tag(event)
        if tag == 0 || tag != tags[number] {
            told.complaints.append("publish \(number) had the tag \(tags[number]), and its event has \(tag)")
        }
        told.endings.append(
            Ending(number: number, status: samqp_event_status(event), attempts: samqp_event_int(event)))
    }

    private func lookAtShelf(_ told: inout Told) {
        while let shared = shelf.withLock({ $0.popLast() }) { look(at: shared, &told) }
    }

    /// What has to be made of an event at the first look, by two threads at once; the last one frees it.
    private func look(at shared: SharedEvent, _ told: inout Told) {
        let event = shared.event.handle
        let hasError = samqp_event_error(event) != nil
        if hasError != (samqp_event_status(event) != SAMQP_OK) || samqp_event_text(event) == nil {
            told.complaints.append("an event that has status \(samqp_event_status(event)) has the wrong error or text")
        }
        let isLast = shared.users.withLock { users in
            users -= 1
            return users == 0
        }
        if isLast { samqp_event_free(event) }
    }

    // MARK: Consuming

    private func poll(_ told: inout Told) {
        while ledger.ackedCount < Self.deliveries, !deadline.hasPassed {
            var batch = [OpaquePointer?](repeating: nil, count: 4)
            let count = samqp_consumer_poll_batch(consumer, 20, &batch, batch.count, nil)
            if count < 0 { told.complaints.append("polling failed: \(count)") }
            for delivery in batch.prefix(Int(max(count, 0))) {
                guard let delivery else { continue }
                var length = 0
                let body = samqp_delivery_body(delivery, &length)
                let bytes = [UInt8](UnsafeRawBufferPointer(start: body, count: length))
                guard let message = StressMessage(body: bytes), message.body == bytes else {
                    told.complaints.append("a delivery is not what was sent: \(bytes.prefix(16))...")
                    continue
                }
                told.deliveries.append(message.number)
                // Some are settled by another thread.
                if message.number % 3 == 0 {
                    deliveriesOnShelf.withLock { $0.append(Client(handle: delivery)) }
                } else {
                    settle(delivery, &told)
                }
            }
            while let delivery = deliveriesOnShelf.withLock({ $0.popLast() }) { settle(delivery.handle, &told) }
        }
    }

    private func settle(_ delivery: OpaquePointer, _ told: inout Told) {
        let status = samqp_delivery_ack(delivery, 0)
        if status != SAMQP_OK, status != SAMQP_ERR_STALE { told.complaints.append("an ack was refused: \(status)") }
        samqp_delivery_free(delivery)
    }

    // MARK: Asking

    /// Not all the time: each question takes locks, and so orders threads that the library would have to order without it.
    private func ask() {
        var stats = samqp_stats()
        var next = 0
        while next < Self.published, !deadline.hasPassed {
            guard toldOf.load(ordering: .relaxed) >= next else {
                sched_yield()
                continue
            }
            next += 50
            stats.struct_size = MemoryLayout<samqp_stats>.size
            _ = samqp_client_stats(client, &stats)
            for publisher in shared { _ = samqp_publisher_unconfirmed(publisher) }
            _ = samqp_events_count(events)
            _ = samqp_events_wakeup(events)
            _ = samqp_client_state(client)
        }
    }
}
