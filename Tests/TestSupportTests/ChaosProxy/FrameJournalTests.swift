import TestSupport
import Testing

/// What a proxy writes down of a session.
@Suite struct FrameJournalTests {
    private let consume = WireFrame.method(1, .basicConsume) {
        $0.u16(0)
        $0.shortString("jobs")
        $0.shortString("c")
        $0.bits(false, false, false, false)
        $0.table([])
    }
    private let qos = WireFrame.method(1, .basicQos) {
        $0.u32(0)
        $0.u16(1)
        $0.bits(false)
    }
    private let consumeOK = WireFrame.method(1, .basicConsumeOK) { $0.shortString("c") }
    private let publish = WireFrame.method(1, .basicPublish) {
        $0.u16(0)
        $0.shortString("")
        $0.shortString("jobs")
        $0.bits(true, false)
    }

    @Test func aSessionIsWrittenDownAndAudited() async throws {
        try await withProxyPair(seed: 42, rules: ["s2c:60.60:2:drop"]) { pair async throws in
            pair.near.send(WireFrame.protocolHeader)
            pair.near.send([qos, consume, publish, .header(1, bodySize: 1), .body(1, [1]), .heartbeatFrame])
            try await pair.journal(has: 7)
            pair.far.send(consumeOK.bytes + WireFrame.deliver(1).bytes + WireFrame.deliver(2).bytes)
            try await pair.journal(has: 10)
            pair.near.send(Sample.ack(1) + Sample.ack(2) + Sample.ack(1, multiple: true))
            try await pair.journal(has: 13)
            pair.near.end()
            pair.far.end()
            try await pair.proxy.ended(1)

            let lines = pair.proxy.journal.description.split(separator: "\n").map { line in
                line.prefix(1) == "0" ? String(line.drop { $0 != "#" }) : String(line)
            }
            #expect(
                lines == [
                    "proxy with seed 42, 15 of 15 records:", "#0 opened", "#0 c2s ch0 protocol",
                    "#0 c2s ch1 basic.qos prefetch=1", "#0 c2s ch1 basic.consume consumer=c queue=jobs",
                    "#0 c2s ch1 basic.publish mandatory", "#0 c2s ch1 header", "#0 c2s ch1 body",
                    "#0 c2s ch0 heartbeat", "#0 s2c ch1 basic.consume-ok consumer=c",
                    "#0 s2c ch1 basic.deliver tag=1 consumer=c",
                    "#0 s2c ch1 basic.deliver tag=2 consumer=c [drop] (not passed)", "#0 c2s ch1 basic.ack tag=1",
                    "#0 c2s ch1 basic.ack tag=2", "#0 c2s ch1 basic.ack tag=1 multiple", "#0 closed",
                ])
            let audit = pair.proxy.journal.audit
            #expect(audit.wrongTags.map(\.deliveryTag) == [2, 1])
            #expect(audit.overPrefetch.map(\.deliveryTag) == [2])
            #expect(
                audit.description
                    == "2 wrong tags, 1 over prefetch, 1 of 1 publishes mandatory, at most 2 unsettled")
            #expect(audit.consumers == [:])
            #expect(
                pair.proxy.rulePoints().map(\.description) == [
                    "c2s:protocol:1", "c2s:60.10:1", "c2s:60.20:1", "c2s:60.40:1", "c2s:header:1", "c2s:body:1",
                    "s2c:60.21:1", "s2c:60.60:1", "s2c:60.60:2", "c2s:60.80:1", "c2s:60.80:2", "c2s:60.80:3",
                ])
            #expect(pair.proxy.rulePoints(heartbeats: true).count == 13)
            #expect(pair.proxy.rulePoints().last?.rule(.fin).description == "c2s:60.80:3:fin")
        }
    }

    @Test func theLatestRecordsAreKeptAndAllAreAudited() async throws {
        let server = try TestServer()
        let proxy = try ChaosProxy.start(target: server.port, journalLimit: 3)
        let near = try TestClient(port: proxy.port)
        let far = try await server.accept()
        near.send((1...5).flatMap { Sample.ack($0) })
        _ = try await far.receive(5 * Sample.ack(1).count)
        #expect(proxy.journal.records.map(\.deliveryTag) == [3, 4, 5])
        #expect(proxy.journal.total == 6)
        #expect(proxy.journal.audit.wrongTags.count == 5)
        proxy.journal.clear()
        #expect(proxy.journal.records.isEmpty)
        #expect(proxy.journal.audit.wrongTags.isEmpty)
        await proxy.stop()
    }

    /// Everything of a reference session, done again with each action: the sessions end, one way or another.
    @Test func aSweepGoesThroughEveryFrameAndAction() async throws {
        let session = WireFrame.protocolHeader + qos.bytes + publish.bytes
        try await withProxyPair { pair async throws in
            pair.near.send(session)
            #expect(try await pair.far.receive(session.count) == session)
            let points = pair.proxy.rulePoints()
            #expect(points.map(\.description) == ["c2s:protocol:1", "c2s:60.10:1", "c2s:60.40:1"])
            for point in points {
                for action in FrameAction.all {
                    let rule = try await pair.proxy.add(point.rule(action))
                    let (near, far) = try await pair.another()
                    near.send(session)
                    try await rule.fired()
                    try await pair.proxy.heal()
                    await pair.proxy.reset()
                    withExtendedLifetime((near, far)) {}
                }
            }
            try await pair.proxy.ended(1 + points.count * FrameAction.all.count)
        }
    }
}
