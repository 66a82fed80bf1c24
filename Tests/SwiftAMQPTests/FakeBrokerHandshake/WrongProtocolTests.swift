import SwiftAMQP
import TestSupport
import Testing

/// Something listens, but it does not speak AMQP 0-9-1.
@Suite(.timeLimit(.minutes(2))) struct WrongProtocolTests {
    static let greetings: [(name: String, bytes: [UInt8])] = [
        ("HTTP", Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8)),
        ("AMQP 1.0", Array("AMQP".utf8) + [0, 1, 0, 0]),
        ("AMQP 1.0 over SASL", Array("AMQP".utf8) + [3, 1, 0, 0]),
        ("AMQP 0-8", Array("AMQP".utf8) + [1, 1, 8, 0]),
        ("a TLS alert", [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]),
        ("SSH", Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8)),
        ("SMTP", Array("220 mail ESMTP\r\n".utf8)),
        ("zeros", [UInt8](repeating: 0, count: 64)),
    ]

    @Test(arguments: greetings.indices, [true, false]) func another(index: Int, isChopped: Bool) async throws {
        let greeting = Self.greetings[index]
        let broker = try FakeBroker.start([
            .expectProtocolHeader,
            isChopped ? .sendChopped(greeting.bytes, every: 1) : .send(greeting.bytes),
        ])
        let configuration = try broker.configuration()
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .protocolMismatch, "\(greeting.name): \(error.map { "\($0)" } ?? "no error")")
        #expect(error?.isRetriable == false)
        // The broker may see the client leave before it has sent its last byte.
        await broker.stop()
    }

    @Test func aServerOfAnotherVersionInItsStartMethod() async throws {
        let broker = try FakeBroker.start([
            .expectProtocolHeader,
            .sendMethod(0, .connectionStart) {
                $0.u8(8)
                $0.u8(0)
                $0.table([])
                $0.longString("PLAIN")
                $0.longString("en_US")
            },
            .expectClose,
        ])
        let configuration = try broker.configuration()
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .protocolMismatch)
        try await broker.finished()
    }

    /// It begins like a method frame and is none.
    @Test(
        arguments: [
            [1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 99, 0xCE], [1, 0, 0, 0, 0, 0, 1, 0, 0],
            [1, 0, 9, 0, 0, 0, 4, 0, 10, 0, 10, 0xCE],
        ] as [[UInt8]])
    func garbageThatBeginsLikeAFrame(bytes: [UInt8]) async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader, .send(bytes), .expectClose])
        let configuration = try broker.configuration()
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .protocolViolation)
        try await broker.finished()
    }
}
