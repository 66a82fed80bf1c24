import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Answers to publishes that were not made, or more than one to those that were; one is pending on channel 2.
    static let confirms: [HostileScript] = unknownTags + repeated + returned

    private static let unknownTags: [HostileScript] =
        ([0, 2, 3, 1 << 32, .max] as [UInt64]).flatMap { tag in
            [
                .frames("ack \(tag)", Hostile.ack(2, tag), fate: .connection(.protocolViolation, 503)),
                .frames("nack \(tag)", Hostile.nack(2, tag), fate: .connection(.protocolViolation, 503)),
            ]
        }
        + ([2, .max] as [UInt64]).flatMap { tag in
            [
                .frames(
                    "ack up to \(tag)", Hostile.ack(2, tag, multiple: true), fate: .connection(.protocolViolation, 503)),
                .frames(
                    "nack up to \(tag)", Hostile.nack(2, tag, multiple: true),
                    fate: .connection(.protocolViolation, 503)),
            ]
        } + [
            .frames("a nack without confirms", Hostile.nack(3, 1), fate: .connection(.protocolViolation, 503)),
            .frames(
                "an ack of all on a channel without confirms", Hostile.ack(1, 0, multiple: true),
                fate: .connection(.protocolViolation, 503)),
            .frames(
                "an ack, then one too many", Hostile.ack(2, 1), Hostile.ack(2, 2),
                fate: .connection(.protocolViolation, 503)
            ).with { $0.outcome = .confirmed },
        ]

    /// The first answer counts, and what covers nothing is nothing.
    private static let repeated: [HostileScript] = [
        .frames("an ack twice", Hostile.ack(2, 1), Hostile.ack(2, 1), fate: .goesOn),
        .frames("a nack twice", Hostile.nack(2, 1), Hostile.nack(2, 1), fate: .goesOn).with { $0.outcome = .nacked },
        .frames("an ack, then a nack", Hostile.ack(2, 1), Hostile.nack(2, 1), fate: .goesOn),
        .frames("a nack, then an ack", Hostile.nack(2, 1), Hostile.ack(2, 1), fate: .goesOn).with {
            $0.outcome = .nacked
        },
        .frames("an ack of all", Hostile.ack(2, 0, multiple: true), fate: .goesOn),
        .frames("a nack of all", Hostile.nack(2, 0, multiple: true), fate: .goesOn).with { $0.outcome = .nacked },
        .frames(
            "an ack of all, twice, and a nack of all", Hostile.ack(2, 0, multiple: true),
            Hostile.ack(2, 0, multiple: true), Hostile.nack(2, 0, multiple: true), fate: .goesOn),
        .session("10,000 acks of one publish", .flood(Hostile.ack(2, 1).bytes, times: 10_000), fate: .goesOn),
        .session(
            "10,000 acks of all", .flood(Hostile.ack(2, 0, multiple: true).bytes, times: 10_000), fate: .goesOn),
    ]

    private static let noRoute = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")

    private static func comesBack(_ name: String, _ bytes: [UInt8], unclaimed: Int) -> HostileScript {
        .session(name, .send(bytes), fate: .goesOn).with {
            $0.check = { #expect($0.returns.count == unclaimed, "\(name)") }
        }
    }

    private static let returned: [HostileScript] = [
        comesBack("a return", Hostile.returned(), unclaimed: 0).with { $0.outcome = noRoute },
        comesBack("a return twice", Hostile.returned() + Hostile.returned(), unclaimed: 1).with {
            $0.outcome = noRoute
        },
        comesBack("a return, then a nack", Hostile.returned() + Hostile.nack(2, 1).bytes, unclaimed: 0).with {
            $0.outcome = noRoute
        },
        comesBack("an ack, then the return", Hostile.ack(2, 1).bytes + Hostile.returned(), unclaimed: 1),
        comesBack("the return of a publish that was not mandatory", Hostile.returned(), unclaimed: 1).with {
            $0.isMandatory = false
        },
        comesBack("the return of another message", Hostile.returned("y"), unclaimed: 1),
        comesBack("the return of a message for elsewhere", Hostile.returned(routingKey: "p"), unclaimed: 1),
        comesBack("a return on the consumer's channel", Hostile.returned(channel: 1), unclaimed: 1),
        comesBack("a return of nothing", Hostile.returned(""), unclaimed: 1),
        comesBack(
            "a return with the password for its text and for its address",
            Hostile.returned(text: "no \(password)", exchange: password, routingKey: password), unclaimed: 1),
        comesBack("a return whose text is the password", Hostile.returned(text: "no \(password)"), unclaimed: 0).with {
            $0.outcome = .returned(replyCode: 312, replyText: "no ***")
        },
        comesBack("a return with code 0", Hostile.returned(code: 0), unclaimed: 0).with {
            $0.outcome = .returned(replyCode: 0, replyText: "NO_ROUTE")
        },
        comesBack(
            "a return whose strings are not UTF-8",
            WireFrame.method(2, .basicReturn) {
                $0.u16(312)
                for _ in 0..<3 { $0.raw([9] + Hostile.invalidUTF8) }
            }.bytes + WireFrame.header(2, bodySize: 0).bytes, unclaimed: 1),
        comesBack(
            "a return whose properties cannot be read",
            WireFrame.method(2, .basicReturn) {
                $0.u16(312)
                $0.raw([0, 0, 1, UInt8(ascii: "q")])
            }.bytes + WireFrame.header(2, bodySize: 0, flags: 1) { $0.u16(0) }.bytes, unclaimed: 1),
    ]
}
