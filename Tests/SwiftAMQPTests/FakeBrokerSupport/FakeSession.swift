import SwiftAMQP
import TestSupport

extension FakeBroker {
    /// How to connect to this broker. Heartbeats are off and every deadline is the harness's unless a test says otherwise.
    func configuration(_ change: (inout AMQPConfiguration) -> Void = { _ in }) throws -> AMQPConfiguration {
        var configuration = try AMQPConfiguration(url: url())
        configuration.heartbeat = .zero
        configuration.connectTimeout = .seconds(10) * Deadline.scale
        configuration.closeTimeout = .seconds(5) * Deadline.scale
        change(&configuration)
        return configuration
    }
}

/// Runs `body` on a connection to a broker that follows `script` after the handshake, and gives what the client sent.
///
/// The connection is closed at the end; the script has to say how that is answered, for example with `.closeOK`.
@discardableResult
func withFakeConnection(
    _ script: [FakeStep], handshake: FakeStep = .handshake(),
    configure: (inout AMQPConfiguration) -> Void = { _ in },
    _ body: (AMQPConnection) async throws -> Void
) async throws -> FakeTranscript {
    let broker = try FakeBroker.start([handshake] + script)
    do {
        try await AMQPConnection.withConnection(try broker.configuration(configure), body)
    } catch {
        let transcript = await broker.stop()
        // What the script did not like says more than what the client made of it.
        let complaint = await harnessError { () async throws(HarnessError) in try await broker.finished() }
        throw SessionFailure(
            error: error, script: complaint.flatMap { $0.kind == HarnessError.Kind.stopped ? nil : $0 },
            received: transcript.session)
    }
    return try await broker.finished()
}

/// As ``withFakeConnection(_:handshake:configure:_:)``, on channel 1.
@discardableResult
func withFakeChannel(
    _ script: [FakeStep], handshake: FakeStep = .handshake(),
    configure: (inout AMQPConfiguration) -> Void = { _ in },
    _ body: (AMQPChannel, AMQPConnection) async throws -> Void
) async throws -> FakeTranscript {
    try await withFakeConnection([.openChannel(1)] + script, handshake: handshake, configure: configure) { connection in
        let channel = try await connection.openChannel()
        try await body(channel, connection)
    }
}

/// A test body failed; with what the broker had received by then.
struct SessionFailure: Error, CustomStringConvertible {
    let error: any Error
    let script: HarnessError?
    let received: [String]

    var description: String {
        let complaint = script.map { $0.text.split(separator: "\n")[0] + "\n" } ?? ""
        return "\(error)\n\(complaint)the broker received:\n  " + received.joined(separator: "\n  ")
    }
}

private func harnessError(_ body: () async throws(HarnessError) -> some Any) async -> HarnessError? {
    do throws(HarnessError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// The error that `body` throws; `nil` if it does not throw an `AMQPError`.
func amqpError<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
) async -> AMQPError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? AMQPError
    }
}

extension FakeTranscript {
    /// What came after the handshake, in words.
    var session: [String] { Array(log.dropFirst(3)) }

    /// How many methods of that name the client sent.
    func count(_ name: String) -> Int { methods.count { $0.name == name } }
}

extension FakeStep {
    /// The client closes the connection, and before that any of its channels: their handles may go at any moment.
    static let goodbye = FakeStep("goodbye") { (connection) throws(HarnessError) in
        while let frame = try connection.nextFrame() {
            if frame.type == WireFrame.heartbeat { continue }
            let method = frame.type == WireFrame.method ? try WireMethod(payload: frame.payload) : nil
            switch method?.id {
            case .channelClose: try connection.send(.method(frame.channel, .channelCloseOK))
            case .connectionClose:
                try connection.send(.method(0, .connectionCloseOK))
                return try connection.expectClose()
            default: throw HarnessError(.script, "expected the client to close, received \(frame)")
            }
        }
        throw HarnessError(.script, "expected the client to close in good order, but it just closed")
    }

    /// Expects a method and answers it with another one.
    static func answer(
        _ channel: UInt16, _ method: WireMethodID, _ reply: WireMethodID,
        _ arguments: @escaping @Sendable (inout WireWriter) -> Void = { _ in }
    ) -> FakeStep {
        .steps("answer", [.expectMethod(method, channel: channel), .sendMethod(channel, reply, arguments)])
    }

    /// Expects queue.declare and answers it with this name.
    static func answerDeclare(_ channel: UInt16, _ name: String = "q", messages: UInt32 = 0) -> FakeStep {
        answer(channel, .queueDeclare, .queueDeclareOK) {
            $0.shortString(name)
            $0.u32(messages)
            $0.u32(0)
        }
    }

    /// Expects qos and consume, and lets the consumer be called `tag`.
    static func answerConsume(_ channel: UInt16, tag: String, hasQoS: Bool = true) -> FakeStep {
        .steps(
            "consume",
            (hasQoS ? [answer(channel, .basicQos, .basicQosOK)] : [])
                + [answer(channel, .basicConsume, .basicConsumeOK) { $0.shortString(tag) }])
    }

    /// Expects cancel of the consumer `tag` and answers it.
    static func answerCancel(_ channel: UInt16, tag: String) -> FakeStep {
        answer(channel, .basicCancel, .basicCancelOK) { $0.shortString(tag) }
    }
}

extension FakeStep {
    /// The client closes channel 1, then the connection.
    static let closeChannelAndConnection = FakeStep.steps("close both", [.channelCloseOK(1), .closeOK])
}

extension FakeStep {
    /// basic.return of a message that was published with this delivery mode and nothing else.
    static func sendReturn(
        _ channel: UInt16, code: UInt16 = 312, text: String = "NO_ROUTE", exchange: String = "", routingKey: String,
        body: [UInt8], deliveryMode: UInt8
    ) -> FakeStep {
        let method = WireFrame.method(channel, .basicReturn) {
            $0.u16(code)
            $0.shortString(text)
            $0.shortString(exchange)
            $0.shortString(routingKey)
        }
        let header = WireFrame.header(channel, bodySize: UInt64(body.count), flags: 0x1000) { $0.u8(deliveryMode) }
        return body.isEmpty ? .send(method, header) : .send(method, header, .body(channel, body))
    }
}
