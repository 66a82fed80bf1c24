import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Frames that are none. What is known of single frames is in ``HostileFrameTests``; here everything is pending.
    static let framing: [HostileScript] =
        HostileFrameTests.all.map { hostile in
            HostileScript(
                name: "\(hostile.name), with everything pending",
                steps: [.sendRegardless(hostile.frames.flatMap(\.self))],
                fate: .connection(.protocolViolation, hostile.code)
            ).with { if hostile.name.hasPrefix("a body of 2^") { $0.consumerEnd = .messageTooLarge } }
        }
        + ([0, 4, 7, 9, 65, 72, 255] as [UInt8]).map { type in
            HostileScript(
                name: "frame type \(type)", steps: [.send([type])], fate: .connection(.protocolViolation, 501))
        } + sizes + cuts

    private static let sizes: [HostileScript] = [
        .session(
            "HTTP", .sendRegardless(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)), fate: .connection(.protocolViolation, 501)),
        .session(
            "a protocol header", .sendRegardless(WireFrame.protocolHeader), fate: .connection(.protocolViolation, 501)),
        .session(
            "a frame of 2^32 - 1", .send([3, 0, 1, 255, 255, 255, 255]), fate: .connection(.protocolViolation, 501)),
        .session(
            "a frame of 2^31", .send([1, 0, 0, 128, 0, 0, 0]), fate: .connection(.protocolViolation, 501)),
        .session(
            "one byte over the largest frame", .send([1, 0, 1, 0, 1, 0xFF, 0xF9]),
            fate: .connection(.protocolViolation, 501)),
        .session(
            "a largest frame with a wrong end",
            .sendRegardless(Hostile.frame(type: 3, channel: 1, .init(repeating: 0xCE, count: 131_064), end: [0])),
            fate: .connection(.protocolViolation, 501)),
        .session(
            "one byte too many between frames", .send(WireFrame.heartbeatFrame.bytes + [0xCE]),
            fate: .connection(.protocolViolation, 501)),
        .session(
            "a method of no bytes", .send(Hostile.frame(type: 1, channel: 1)),
            fate: .connection(.protocolViolation, 502)),
        .session(
            "a method of three bytes", .send(Hostile.frame(type: 1, channel: 1, [0, 60, 0])),
            fate: .connection(.protocolViolation, 502)),
        .session(
            "a header of no bytes", .send(WireFrame.deliver().bytes + Hostile.frame(type: 2, channel: 1)),
            fate: .connection(.protocolViolation, 502)),
        .session(
            "a header of 13 bytes",
            .send(
                WireFrame.deliver().bytes
                    + Hostile.frame(type: 2, channel: 1, [0, 60] + .init(repeating: 0, count: 11))),
            fate: .connection(.protocolViolation, 502)),
    ]

    private static let cuts: [HostileScript] = [
        .session("the end of the stream", .closeFIN, fate: .connection(.connectionLost)),
        .session("a reset", .reset, fate: .connection(.connectionLost)),
        .session("half a frame, then the end", .send([1, 0, 1, 0]), .closeFIN, fate: .connection(.connectionLost)),
        .session("half a frame, then a reset", .send([1, 0, 1, 0]), .reset, fate: .connection(.connectionLost)),
        .session(
            "half a message, then the end", .send(Hostile.message(1, header: .header(1, bodySize: 2))), .closeFIN,
            fate: .connection(.connectionLost)),
        .session(
            "half a message, then a reset", .send(Hostile.message(1, header: .header(1, bodySize: 2))), .reset,
            fate: .connection(.connectionLost)),
        .session("an ack and the end", .ack(2, 1), .closeFIN, fate: .connection(.connectionLost)).with {
            $0.outcome = .confirmed
        },
        .session("a message and the end", .send(Hostile.message()), .closeFIN, fate: .connection(.connectionLost)),
    ]
}
