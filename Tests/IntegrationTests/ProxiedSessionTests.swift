import SwiftAMQP
import TestSupport
import Testing

@Suite("A client behind the chaos proxy", .timeLimit(.minutes(1)))
struct ProxiedSessionTests {
    /// Declares, publishes three, takes and acknowledges them, through the proxy.
    private func session(_ proxy: ChaosProxy, _ broker: Broker) async throws {
        let configuration = try AMQPConfiguration(url: proxy.url(to: broker))
        try await AMQPConnection.withConnection(configuration) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.ownQueue()
                for number in 0..<3 { try await channel.publish(AMQPMessage("\(number)"), to: .queue(queue)) }
                #expect(try await channel.drain(queue, count: 3, prefetch: 2).map(\.text) == ["0", "1", "2"])
            }
        }
        try await proxy.wait(for: "the end of the session") { $0.live.isEmpty }
    }

    @Test("a session passes unchanged, is audited, and gives the same sweep points each time")
    func reference() async throws {
        let broker = try await Broker.shared
        var points: [Set<RulePoint>] = []
        for seed in UInt64(1)...2 {
            try await ChaosProxy.withProxy(target: broker.port, seed: seed) { proxy in
                try await session(proxy, broker)
                let audit = proxy.journal.audit
                #expect(audit.wrongTags.isEmpty, "\(proxy.journal)")
                #expect(audit.overPrefetch.isEmpty, "\(proxy.journal)")
                #expect((audit.publishes, audit.mandatoryPublishes) == (3, 3))
                #expect((1...2).contains(audit.mostUnsettled))
                // How many confirms and acks share a frame is a matter of time.
                points.append(
                    Set(proxy.rulePoints().filter { $0.kind != .method(.basicAck) && $0.kind != .method(.basicNack) }))
            }
        }
        #expect(points.first == points.last)
        let expected = ["c2s:protocol:1", "s2c:10.10:1", "c2s:60.40:3", "c2s:body:3", "s2c:60.60:3", "s2c:10.51:1"]
        for text in expected { #expect(points.first?.contains { $0.description == text } == true, "\(text)") }
    }

    @Test("a reset that eats the confirm is unknown, and the message is found: the checker calls it recovered")
    func eatenConfirm() async throws {
        let broker = try await Broker.shared
        let log = CheckLog(run: 1)
        try await withChannel { direct in
            let queue = try await direct.ownQueue()
            try await ChaosProxy.withProxy(target: broker.port) { proxy in
                let rule = try await proxy.add("s2c:basic.ack:2:rst")
                let configuration = try AMQPConfiguration(url: proxy.url(to: broker))
                let connection = try await AMQPConnection.connect(configuration)
                let channel = try await connection.openChannel()
                for number in UInt64(0)..<2 {
                    let id = MessageID(run: 1, publisher: 1, sequence: number)
                    log.intent(id, deadline: .seconds(10))
                    do {
                        try await channel.publish(
                            AMQPMessage(body: CheckedMessage.body(id, size: 100)), to: .queue(queue))
                        log.outcome(id, .confirmed)
                    } catch let error as AMQPError {
                        #expect(error.outcome?.isUnknown == true, "\(error)")
                        log.outcome(id, .unknown)
                    }
                }
                try await rule.fired()
                #expect(rule.count == 1)
                await connection.close()
            }
            for delivery in try await direct.drain(queue, count: 2) {
                log.delivered(delivery.body, redelivered: delivery.isRedelivered)
            }
        }
        let report = try log.report()
        #expect(report.isClean(), "\(report.fullDescription)")
        #expect(report.recovered == [MessageID(run: 1, publisher: 1, sequence: 1)])
        #expect(report.outcomes == [.confirmed: 1, .unknown: 1])
    }
}
