import TestSupport
import Testing

/// Every action of the frame layer, as a peer sees it.
@Suite struct ProxyRuleTests {
    private let before = Sample.qosOK
    private let frame = Sample.ack(1)
    private let after = Sample.unblocked

    /// Sends three frames to the client, the second of which the rule means.
    private func run(
        _ action: String, _ body: (ProxyPair, InstalledRule) async throws -> Void
    ) async throws {
        try await withProxyPair { pair async throws in
            let rule = try await pair.proxy.add("s2c:60.80:1:\(action)")
            pair.far.send(before + frame + after)
            try await rule.fired()
            #expect(try await pair.near.receive(before.count) == before)
            try await body(pair, rule)
            #expect(rule.count == 1)
        }
    }

    @Test func rstResetsBothSidesInsteadOfTheFrame() async throws {
        try await run("rst") { pair, _ async throws in
            #expect(await pair.near.isReset())
            #expect(await pair.far.isReset())
            try await pair.proxy.ended(1)
        }
    }

    @Test(arguments: [("rst-mid", 10), ("rst-mid=3", 3), ("rst-mid=1000", 20)])
    func rstMidPassesAPartOfTheFrame(action: String, count: Int) async throws {
        try await run(action) { pair, _ async throws in
            #expect(try await pair.near.receive(count) == Array(frame.prefix(count)))
            #expect(await pair.near.isReset())
            #expect(await pair.far.isReset())
        }
    }

    @Test func finEndsBothSidesInGoodOrder() async throws {
        try await run("fin") { pair, _ async throws in
            #expect(await pair.near.isEnded())
            #expect(await pair.far.isEnded())
            try await pair.proxy.ended(1)
        }
    }

    @Test func dropLeavesOutTheFrameAlone() async throws {
        try await run("drop") { pair, _ async throws in #expect(try await pair.near.receive(after.count) == after) }
    }

    @Test func dupPassesTheFrameTwice() async throws {
        try await run("dup") { pair, _ async throws in
            let expected = frame + frame + after
            #expect(try await pair.near.receive(expected.count) == expected)
        }
    }

    @Test(arguments: [("corrupt", 20), ("corrupt=0", 0), ("corrupt=12", 12), ("corrupt=99", 20)])
    func corruptInvertsOneByte(action: String, offset: Int) async throws {
        try await run(action) { pair, _ async throws in
            var expected = frame + after
            expected[offset] ^= 0xFF
            #expect(try await pair.near.receive(expected.count) == expected)
        }
    }

    @Test func holdWaitsForItsRelease() async throws {
        try await run("hold") { pair, rule async throws in
            // The other direction goes on, and shows that the proxy has had a turn.
            pair.near.send(after)
            #expect(try await pair.far.receive(after.count) == after)
            #expect(pair.near.isSilent)
            await pair.proxy.release(rule)
            #expect(try await pair.near.receive(frame.count + after.count) == frame + after)
        }
    }

    @Test func blackholeSwallowsTheFrameAndWhatFollows() async throws {
        try await run("blackhole") { pair, _ async throws in
            pair.near.send(after)
            #expect(try await pair.far.receive(after.count) == after)
            #expect(pair.near.isSilent)
            try await pair.proxy.heal()
            #expect(await pair.near.isReset())
        }
    }

    @Test func blackholeBothWaysSwallowsTheOtherDirectionToo() async throws {
        try await run("blackhole=both") { pair, _ async throws in
            pair.near.send(after)
            try await pair.journal(has: 4)
            #expect(pair.near.isSilent)
            #expect(pair.far.isSilent)
            #expect(pair.proxy.status.live == [0])
        }
    }

    @Test func delayHoldsTheFrameBack() async throws {
        let start = ContinuousClock.now
        try await run("delay=200ms") { pair, _ async throws in
            #expect(try await pair.near.receive(frame.count + after.count) == frame + after)
            #expect(.now - start >= .milliseconds(200))
        }
    }

    @Test func chopPassesTheFrameInPieces() async throws {
        try await withProxyPair { pair async throws in
            try await pair.proxy.add("s2c:heartbeat:1:chop")
            let heartbeat = WireFrame.heartbeatFrame.bytes
            pair.far.send(heartbeat)
            #expect(try await pair.near.receive(heartbeat.count) == heartbeat)
            #expect(pair.near.segmentsReceived == heartbeat.count)
        }
    }

    @Test func theProtocolHeaderAndContentCanBeMeant() async throws {
        try await withProxyPair(rules: ["c2s:protocol:1:corrupt=7", "c2s:header:2:drop", "c2s:body:1:dup"]) {
            pair async throws in
            let header = WireFrame.header(1, bodySize: 1).bytes
            let body = WireFrame.body(1, [5]).bytes
            pair.near.send(WireFrame.protocolHeader + header + header + body)
            let expected = WireFrame.protocolHeader.dropLast() + [1 ^ 0xFF] + header + body + body
            #expect(try await pair.far.receive(expected.count) == Array(expected))
        }
    }

    @Test func aRuleCountsPerProxyOrPerConnection() async throws {
        let (one, two) = (Sample.ack(1), Sample.ack(2))
        func received(_ rule: String) async throws -> [[UInt8]] {
            var result: [[UInt8]] = []
            try await withProxyPair(rules: [rule]) { pair async throws in
                let other = try await pair.another()
                for (near, far) in [(pair.near, pair.far), other] {
                    near.send(one + two)
                    near.end()
                    result.append(try await far.everything())
                }
            }
            return result
        }
        #expect(try await received("c2s:60.80:3:drop") == [one + two, two])
        #expect(try await received("c2s:60.80:2:drop") == [one, one + two])
        #expect(try await received("c2s:60.80:2/conn:drop") == [one, one + two])
        #expect(try await received("c2s:60.80:2/each:drop") == [one, one])
        #expect(try await received("c2s:*:2+:drop") == [one, []])
    }
}
