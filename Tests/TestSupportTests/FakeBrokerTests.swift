import Glibc
import TestSupport
import Testing

@Suite struct FakeBrokerTests {
    private let startOK = WireFrame.method(0, .connectionStartOK) {
        $0.table([WireField("product", .string("test"))])
        $0.shortString("PLAIN")
        $0.longString("\0guest\0guest")
        $0.shortString("en_US")
    }
    private let tuneOK = WireFrame.method(0, .connectionTuneOK) {
        $0.u16(2047)
        $0.u32(131_072)
        $0.u16(0)
    }
    private let open = WireFrame.method(0, .connectionOpen) {
        $0.shortString("/")
        $0.shortString("")
        $0.bits(false)
    }
    private let close = WireFrame.method(0, .connectionClose) {
        $0.u16(200)
        $0.shortString("bye")
        $0.u16(0)
        $0.u16(0)
    }

    @Test func aWholeSession() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(channel: 1), .ack(1, 1), .closeOK,
        ])
        let client = try TestClient(port: broker.port)
        client.send(WireFrame.protocolHeader)
        client.send([startOK, .heartbeatFrame, tuneOK, open])
        client.send([
            .method(1, .channelOpen) { $0.shortString("") }, .method(1, .confirmSelect) { $0.bits(false) },
            .method(1, .basicPublish) {
                $0.u16(0)
                $0.shortString("")
                $0.shortString("jobs")
                $0.bits(true, false)
            },
            .header(1, bodySize: 5, flags: 0x9000) {
                $0.shortString("text/plain")
                $0.u8(2)
            },
            .body(1, Array("he".utf8)), .body(1, Array("llo".utf8)), close,
        ])
        client.end()
        let received = try await client.everything()
        #expect(
            try FrameLog.describe(received).suffix(5) == [
                "connection.open-ok ch0", "channel.open-ok ch1", "confirm.select-ok ch1",
                "basic.ack ch1 tag=1 multiple=false", "connection.close-ok ch0",
            ])
        let transcript = try await broker.finished()
        #expect(
            transcript.log == [
                "connection.start-ok ch0 clientProperties={product='test'} mechanism='PLAIN' "
                    + "response='\0guest\0guest' locale='en_US'",
                "connection.tune-ok ch0 channelMax=2047 frameMax=131072 heartbeat=0",
                "connection.open ch0 virtualHost='/'",
                "channel.open ch1", "confirm.select ch1 noWait=false",
                "basic.publish ch1 exchange='' routingKey='jobs' mandatory=true immediate=false",
                "header ch1 size=5 contentType='text/plain' deliveryMode=2",
                "body ch1 2 bytes", "body ch1 3 bytes",
                "connection.close ch0 replyCode=200 replyText='bye' classID=0 methodID=0",
            ])
    }

    @Test func aFailureNamesTheStepAndWhatCame() async throws {
        let broker = try FakeBroker.start([.handshake(), .openChannel(1)])
        let client = try TestClient(port: broker.port)
        client.send(WireFrame.protocolHeader)
        client.send([startOK, tuneOK, close])
        let error = await #expect(throws: HarnessError.self) { try await broker.finished() }
        #expect(error?.kind == .script)
        let text = error?.text ?? ""
        #expect(
            text.contains("connection 0: step 1 of 2, handshake: expect method: expected connection.open on channel 0"))
        #expect(text.contains("connection.tune-ok ch0"))
    }

    @Test func aSilentPeerIsATimeout() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader], timeout: .milliseconds(50))
        let client = try TestClient(port: broker.port)
        let error = await #expect(throws: HarnessError.self) { try await broker.finished() }
        #expect(error?.kind == .timeout)
        client.end()
    }

    @Test func nobodyConnectsIsATimeout() async throws {
        let broker = try FakeBroker.start([.closeFIN], timeout: .milliseconds(20))
        let error = await #expect(throws: HarnessError.self) { try await broker.finished() }
        #expect(error?.kind == .timeout)
    }

    @Test func finAndResetLookDifferent() async throws {
        let broker = try FakeBroker.start(connections: [
            [.send([1, 2, 3]), .closeFIN, .expectClose], [.expectBytes([9]), .reset],
        ])
        let first = try TestClient(port: broker.port)
        #expect(try await first.everything() == [1, 2, 3])
        first.end()
        let second = try TestClient(port: broker.port)
        second.send([9])
        await #expect(throws: HarnessError.self) { try await second.everything() }
        try await broker.finished()
    }

    @Test func aScriptWaitsForTheTestAndForOtherConnections() async throws {
        let reached = try FakeSignal()
        let goOn = try FakeSignal()
        let broker = try FakeBroker.start(connections: [
            [.awaitConnection(1), .fire(reached), .silence(until: goOn), .sendHeartbeat], [.expectClose],
        ])
        let first = try TestClient(port: broker.port)
        #expect(!reached.isFired)
        let second = try TestClient(port: broker.port)
        try await reached.fired()
        first.send([.heartbeatFrame])
        goOn.fire()
        #expect(try await first.everything() == WireFrame.heartbeatFrame.bytes)
        first.end()
        second.end()
        try await broker.finished()
    }

    @Test func choppedBytesArriveInOrder() async throws {
        let bytes = (0..<100).map { UInt8($0) }
        let broker = try FakeBroker.start([.sendChopped(bytes, every: 7)])
        let client = try TestClient(port: broker.port)
        #expect(try await client.everything() == bytes)
        client.end()
        try await broker.finished()
    }

    @Test func stopEndsAScriptThatHoldsAndClosesEverything() async throws {
        let never = try FakeSignal()
        let broker = try FakeBroker.start([.hold(until: never, within: .seconds(60))])
        let client = try TestClient(port: broker.port)
        await broker.stop()
        #expect(!LoopbackPort.accepts(broker.port))
        let error = await #expect(throws: HarnessError.self) { try await broker.finished() }
        #expect(error?.kind == .stopped)
        client.end()
    }
}
