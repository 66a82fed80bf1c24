import Glibc
import TestSupport
import Testing

/// Every fault of the byte layer, as a peer sees it.
@Suite struct ProxyByteTests {
    private let text = Array("not a frame at all".utf8)

    @Test func anythingPassesBothWaysAndEndsAsItEnded() async throws {
        try await withProxyPair { pair async throws in
            pair.near.send(text)
            #expect(try await pair.far.receive(text.count) == text)
            pair.far.send(Sample.ack(1) + text)
            pair.far.end()
            #expect(try await pair.near.everything() == Sample.ack(1) + text)
            // One direction has ended, the other goes on.
            pair.near.send([1])
            pair.near.end()
            #expect(try await pair.far.everything() == [1])
            try await pair.proxy.ended(1)
            #expect(pair.proxy.status == ProxyStatus(accepted: 1, ended: 1, live: []))
        }
    }

    @Test func aPeersResetIsPassedOn() async throws {
        try await withProxyPair { pair async throws in
            pair.near.reset()
            #expect(await pair.far.isReset())
            try await pair.proxy.ended(1)
        }
    }

    @Test func latencyDelaysAndKeepsTheOrder() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape(.clientToServer) {
                $0.latency = .milliseconds(100)
                $0.jitter = .milliseconds(50)
            }
            let start = ContinuousClock.now
            for byte in UInt8(0)..<20 { pair.near.send([byte]) }
            #expect(try await pair.far.receive(20) == (0..<20).map { UInt8($0) })
            #expect(.now - start >= .milliseconds(50))
        }
    }

    @Test func throttleIsATokenBucket() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape(.serverToClient) { $0.bytesPerSecond = 1000 }
            let start = ContinuousClock.now
            let bytes = [UInt8](repeating: 3, count: 400)
            pair.far.send(bytes)
            #expect(try await pair.near.receive(400) == bytes)
            // A tenth of a second's worth is free.
            #expect(.now - start >= .milliseconds(290))
        }
    }

    @Test func segmentsAreAsSmallAsToldTo() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape(.clientToServer) { $0.maximumSegment = 1 }
            pair.near.send(Array(text.prefix(8)))
            #expect(try await pair.far.receive(8) == Array(text.prefix(8)))
            #expect(pair.far.segmentsReceived == 8)
        }
    }

    @Test func silenceAcceptsAndSaysNothing() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.setAcceptance(.silence)
            let client = try TestClient(port: pair.proxy.port)
            client.send(WireFrame.protocolHeader)
            try await pair.proxy.accepted(2)
            try await pair.journal(has: 1)
            #expect(client.isSilent)
            try await pair.proxy.heal()
            #expect(await client.isReset())
            let (near, far) = try await pair.another()
            near.send(text)
            #expect(try await far.receive(text.count) == text)
        }
    }

    @Test func refusalClosesTheListenerAndOnlyThat() async throws {
        try await withProxyPair { pair async throws in
            try await pair.proxy.refuse()
            #expect(!LoopbackPort.accepts(pair.proxy.port))
            pair.near.send(text)
            #expect(try await pair.far.receive(text.count) == text)
            try await pair.proxy.listen()
            let (near, far) = try await pair.another()
            near.send(text)
            #expect(try await far.receive(text.count) == text)
        }
    }

    @Test func resetAndFinishEndOneOrAll() async throws {
        try await withProxyPair { pair async throws in
            let second = try await pair.another()
            let third = try await pair.another()
            try await pair.proxy.accepted(3)
            await pair.proxy.reset(connection: 1)
            #expect(await second.near.isReset())
            #expect(await second.far.isReset())
            #expect(pair.near.isSilent)
            await pair.proxy.finish()
            for socket in [pair.near, pair.far, third.near, third.far] { #expect(await socket.isEnded()) }
            try await pair.proxy.ended(3)
        }
    }

    @Test func aSwallowingHoleReadsAndForwardsNothing() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape(.clientToServer) { $0.hole = .swallow }
            // More than any buffer on the way holds: somebody reads it.
            let count = 32 << 20
            var sent = 0
            let deadline = Deadline.after(.seconds(10))
            while sent < count && !deadline.hasPassed { sent += pair.near.sendUntilBlocked(limit: count - sent) }
            #expect(sent >= count)
            pair.far.send(text)
            #expect(try await pair.near.receive(text.count) == text)
            #expect(pair.far.isSilent)
            // The end is swallowed as well.
            pair.near.end()
            pair.far.send(text)
            #expect(try await pair.near.receive(text.count) == text)
            #expect(pair.far.isSilent)
            await pair.proxy.shape { $0.hole = nil }
            #expect(await pair.far.isReset())
        }
    }

    @Test func aStallingHoleFillsTheWindowAndLosesNothing() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape { $0.hole = .stall }
            let sent = pair.near.sendUntilBlocked(limit: 64 << 20)
            #expect(sent > 0 && sent < 64 << 20)
            #expect(pair.far.isSilent)
            try await pair.proxy.heal()
            #expect(try await pair.far.receive(sent) == [UInt8](repeating: 7, count: sent))
        }
    }

    @Test func theDeafProxyAcknowledgesNothingAndStillSpeaks() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.deafen()
            let sent = pair.near.sendUntilBlocked(limit: 64 << 20)
            #expect(sent > 0 && sent < 64 << 20)
            pair.far.send(text)
            #expect(try await pair.near.receive(text.count) == text)
            #expect(pair.far.isSilent)
            let other = try await pair.another()
            other.near.send(text)
            #expect(try await other.far.receive(text.count) == text)
        }
    }

    @Test func aByteIsCorruptedAtAnOffset() async throws {
        try await withProxyPair { pair async throws in
            await pair.proxy.shape(.clientToServer) { $0.corruptedOffset = 4 }
            pair.near.send([0, 0, 0])
            pair.near.send([0, 0, 0])
            #expect(try await pair.far.receive(6) == [0, 0, 0, 0, 0xFF, 0])
            await pair.proxy.corruptNext(.clientToServer)
            pair.near.send([0, 0])
            #expect(try await pair.far.receive(2) == [0xFF, 0])
        }
    }

    @Test func oneConnectionCanBeShapedAlone() async throws {
        try await withProxyPair { pair async throws in
            let other = try await pair.another()
            try await pair.proxy.accepted(2)
            await pair.proxy.shape(.clientToServer, connection: 0) { $0.hole = .stall }
            pair.near.send(text)
            other.near.send(text)
            #expect(try await other.far.receive(text.count) == text)
            #expect(pair.far.isSilent)
        }
    }

    @Test func theTargetCanMoveAndBeAway() async throws {
        try await withProxyPair { pair async throws in
            let next = try TestServer()
            await pair.proxy.setTarget(next.port)
            let near = try TestClient(port: pair.proxy.port)
            let far = try await next.accept()
            near.send(text)
            #expect(try await far.receive(text.count) == text)
            await pair.proxy.setTarget(try LoopbackPort.free())
            let lost = try TestClient(port: pair.proxy.port)
            #expect(await lost.isReset())
            try await pair.proxy.ended(1)
        }
    }

    @Test func stopEndsEverything() async throws {
        let server = try TestServer()
        let proxy = try ChaosProxy.start(target: server.port)
        let near = try TestClient(port: proxy.port)
        let far = try await server.accept()
        let rule = try await proxy.add("s2c:60.80:1:drop")
        await proxy.stop()
        #expect(await near.isReset())
        #expect(await far.isReset())
        #expect(!LoopbackPort.accepts(proxy.port))
        #expect(proxy.status == ProxyStatus(accepted: 1, ended: 1, live: []))
        // Calls after the end return.
        await proxy.stop()
        await proxy.reset()
        await proxy.release(rule)
        let error = await #expect(throws: HarnessError.self) { try await proxy.accepted(2) }
        #expect(error?.kind == .stopped)
    }

    @Test func aWaitEndsAtItsDeadline() async throws {
        try await withProxyPair { pair async throws in
            let error = await #expect(throws: HarnessError.self) {
                try await pair.proxy.ended(1, within: .milliseconds(20))
            }
            #expect(error?.kind == .timeout)
        }
    }
}
