import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(1))) struct ClientStatusTests {
    private static let lost = AMQPError(.connectionLost, "lost")
    private static let failure = AMQPTopologyFailure(
        entity: .queue("q"), error: AMQPError(.channelException, "no", replyCode: 406))

    /// What both links and the topology are in, and the state that it makes.
    enum Link: CaseIterable { case unwanted, down, open }

    /// Connections for the links that are said to be open.
    private static func withConnection(_ body: (AMQPConnection) async throws -> Void) async throws {
        try await withFakeConnection([.goodbye]) { try await body($0) }
    }

    @Test func everyCombination() async throws {
        try await Self.withConnection { connection in
            for publishing in Link.allCases {
                for consuming in Link.allCases {
                    for hasServed in [false, true] {
                        for isBlocked in [false, true] {
                            for isDegraded in [false, true] {
                                check(connection, publishing, consuming, hasServed, isBlocked, isDegraded)
                            }
                        }
                    }
                }
            }
        }
    }

    private func check(
        _ connection: AMQPConnection, _ publishing: Link, _ consuming: Link, _ hasServed: Bool, _ isBlocked: Bool,
        _ isDegraded: Bool
    ) {
        let status = ClientStatus(observer: nil)
        for (role, link) in [(AMQPLinkRole.publishing, publishing), (.consuming, consuming)] {
            if link == .unwanted { continue }
            status.link(role, is: .down(nil))
            if hasServed || link == .open { status.link(role, is: .open(connection)) }
            if link == .down { status.link(role, is: .down(Self.lost)) }
        }
        if isBlocked { status.link(.publishing, isBlocked: "memory") }
        if isDegraded {
            status.topology(AMQPTopologyReport(declared: [], failures: [Self.failure], renamedQueues: [:]))
        }
        let links = [publishing, consuming]
        // One that was never open is not lost, whatever the other one is.
        let expected =
            if links.allSatisfy({ $0 == .unwanted }) || links.contains(.down) {
                hasServed && links.contains(.down) ? "recovering" : "connecting"
            } else if isBlocked { "blocked (memory)" } else if isDegraded { "degraded (\(Self.failure.entity))" } else {
                "open"
            }
        let state = status.state.value
        #expect(
            state.description == expected,
            "publishing \(publishing), consuming \(consuming), served \(hasServed)")
        #expect(state.isUsable == (state.description != "recovering" && state.description != "connecting"))
        #expect(status.refusal == nil)
        status.beginClosing()
        #expect(status.state.value.description == "closing")
        #expect(status.refusal?.code == .closed)
        status.close(Self.lost)
        guard case .closed(let error) = status.state.value else {
            Issue.record("not closed but \(status.state.value)")
            return
        }
        #expect(error.code == .connectionLost)
        // Nothing that is said later changes it.
        status.link(.publishing, is: .open(connection))
        status.topology(AMQPTopologyReport(declared: [], failures: [], renamedQueues: [:]))
        #expect(status.state.value.description.hasPrefix("closed"))
    }

    /// Handlers of consumers may publish until they have come to their end.
    @Test func drainingRefusesNewConsumersOnly() {
        let status = ClientStatus(observer: nil)
        status.beginDraining()
        #expect(status.state.value.description == "closing")
        #expect(status.consumerRefusal?.code == .closed)
        #expect(status.refusal == nil)
        status.beginClosing()
        #expect(status.refusal?.code == .closed)
    }

    @Test func closingIsReportedOnce() async {
        let status = ClientStatus(observer: nil)
        let events = status.subscribe()
        status.beginDraining()
        status.beginDraining()
        status.beginClosing()
        status.close(Self.lost)
        status.beginDraining()
        var seen: [String] = []
        for await event in events {
            switch event {
            case .closing: seen.append("closing")
            case .closed: seen.append("closed")
            default: seen.append("\(event)")
            }
        }
        #expect(seen == ["closing", "closed"])
    }

    // MARK: Consumers

    /// A client that has its connection back is not back before its consumers are.
    @Test func consumersAreMissed() async throws {
        try await Self.withConnection { connection in
            let status = ClientStatus(observer: nil)
            let consumer = ClientStatus.Consumer(tag: "t", queue: "q", role: .consuming)
            status.add(consumer, id: 1)
            status.link(.consuming, is: .down(nil))
            status.link(.consuming, is: .open(connection))
            #expect(status.state.value.description == "recovering")
            status.consumer(1, is: .subscribed)
            #expect(status.state.value.description == "open")
            // One that is new to an open client is not lost.
            status.add(consumer, id: 2)
            #expect(status.state.value.description == "open")
            status.consumer(2, is: .failed(Self.lost))
            #expect(status.state.value.description == "degraded (consumer 't' of queue 'q')")
            #expect(status.health(backlog: (0, 0)).failures.count == 1)
            status.consumer(2, is: .paused)
            #expect(status.state.value.description == "open")
            status.link(.consuming, is: .down(Self.lost))
            status.link(.consuming, is: .open(connection))
            #expect(status.state.value.description == "recovering")
            // Nothing of the one that pauses is missing.
            status.consumer(1, is: .subscribed)
            #expect(status.state.value.description == "open")
            // Its pause ends while there is a connection, and while there is none.
            status.consumer(2, is: .awaited)
            #expect(status.state.value.description == "open")
            status.consumer(2, is: .paused)
            status.link(.consuming, is: .down(Self.lost))
            status.consumer(2, is: .awaited)
            status.link(.consuming, is: .open(connection))
            status.consumer(1, is: .subscribed)
            #expect(status.state.value.description == "recovering")
            status.remove(consumer: 2)
            #expect(status.state.value.description == "open")
            let health = status.health(backlog: (0, 0)).consumers
            #expect(health.map(\.subscriptionCount) == [3])
            #expect(health.map(\.isSubscribed) == [true])
        }
    }

    /// A link that ends while nobody shuts the client down is why the client ends.
    @Test func anEndedLink() async throws {
        let status = ClientStatus(observer: nil)
        status.link(.publishing, is: .down(nil))
        status.link(.publishing, is: .ended(Self.lost))
        #expect(try await status.failed.value(onCancel: {}).code == .connectionLost)
        let closing = ClientStatus(observer: nil)
        closing.beginClosing()
        closing.link(.publishing, is: .ended(Self.lost))
        #expect(closing.failed.outcome == nil)
    }

    /// The first state comes at once, `closed` is never left out, and then comes the end.
    @Test func statesAreLevelTriggered() async {
        let status = ClientStatus(observer: nil)
        status.close(Self.lost)
        var states: [String] = []
        for await state in AMQPClientStates(watched: status.state) { states.append(state.description) }
        #expect(states.count == 1)
        #expect(states.first?.hasPrefix("closed") == true)
    }

    // MARK: Events

    @Test func eventsAreBoundedAndCounted() async {
        let status = ClientStatus(observer: nil)
        let events = status.subscribe()
        for _ in 0..<300 { status.report(.unblocked(.publishing)) }
        #expect(events.droppedCount == 44)
        status.close(Self.lost)
        var count = 0
        var last: AMQPClientEvent?
        for await event in events {
            count += 1
            last = event
        }
        #expect(count == 256)
        guard case .closed = last else {
            Issue.record("the last event is \(String(describing: last))")
            return
        }
        // Who comes later finds the end.
        for await _ in status.subscribe() { Issue.record("an event after the end") }
    }

    /// `closed` is the last that is heard of a client.
    @Test func nothingIsReportedAfterTheEnd() {
        let observer = Recorder()
        let status = ClientStatus(observer: observer)
        status.report(.unblocked(.publishing))
        status.close(Self.lost)
        status.report(.lost(.publishing, Self.lost))
        status.close(Self.lost)
        let names = observer.events.map { "\($0)".prefix(while: { $0 != "(" }) }
        #expect(names == ["unblocked", "closed"])
    }

    private final class Recorder: AMQPClientObserver {
        private let seen = Locked<[AMQPClientEvent]>([])
        var events: [AMQPClientEvent] { seen.withLock { $0 } }
        func client(didReport event: AMQPClientEvent) { seen.withLock { $0.append(event) } }
    }

    @Test func aSubscriptionThatIsLetGoEnds() {
        let status = ClientStatus(observer: nil)
        weak var buffer: EventBuffer<AMQPClientEvent>?
        do {
            let events = status.subscribe()
            buffer = events.buffer
            #expect(buffer != nil)
        }
        #expect(buffer == nil)
    }

    // MARK: Health

    @Test func healthOfALink() async throws {
        try await Self.withConnection { connection in
            let status = ClientStatus(observer: nil)
            #expect(status.health(backlog: (0, 0)).publishing == nil)
            #expect(status.health(backlog: (0, 0)).isLive())
            status.link(.publishing, is: .down(nil))
            status.link(.publishing, is: .open(connection))
            status.link(.publishing, is: .down(Self.lost))
            status.link(.publishing, is: .open(connection))
            let health = status.health(backlog: (3, 99))
            #expect(health.isReady)
            #expect(health.unconfirmedMessages == 3)
            #expect(health.unconfirmedBytes == 99)
            #expect(health.publishing?.isOpen == true)
            #expect(health.publishing?.connectionCount == 2)
            #expect(health.publishing?.lastError?.code == .connectionLost)
            #expect(health.consuming == nil)
        }
    }

    /// However many attempts fail meanwhile: what counts is since when there is no connection.
    @Test func livenessEndsWithTheTolerance() async throws {
        let status = ClientStatus(observer: nil)
        let start = MonotonicTime.now()
        status.link(.publishing, is: .down(nil))
        while MonotonicTime.now() - start < .milliseconds(30) { await Task.yield() }
        status.link(.publishing, is: .down(Self.lost))
        let health = status.health(backlog: (0, 0))
        #expect(health.publishing.map { $0.since >= .milliseconds(29) } == true)
        #expect(!health.isLive(tolerance: .milliseconds(20)))
        #expect(health.isLive(tolerance: .seconds(300)))
        status.close(Self.lost)
        #expect(!status.health(backlog: (0, 0)).isLive())
    }
}
