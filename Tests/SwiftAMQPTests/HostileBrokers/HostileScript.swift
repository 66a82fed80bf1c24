import SwiftAMQP
import TestSupport
import Testing

/// A broker that does not do what a broker does, and what has to become of the client.
struct HostileScript: Sendable, CustomTestStringConvertible {
    enum Fate: Sendable {
        /// `connect` throws it, or everything on the connection ends with it.
        case connection(AMQPError.Code, UInt16? = nil)
        /// Channel 1, 2 or 3 ends with it, and the others go on.
        case channel(Int, AMQPError.Code, UInt16? = nil)
        /// The consumer ends with it, and everything else goes on.
        case consumer(AMQPError.Code)
        /// It is no reason to end anything.
        case goesOn
    }

    /// What the request on channel 3 ends with, where the fate does not say it.
    enum RequestEnd: Sendable {
        case asTheFateSays
        case answered
        case fails(AMQPError.Code)
    }

    var name: String
    /// What the broker does; in a session, once the client has everything pending.
    var steps: [FakeStep]
    var fate: Fate
    /// The handshake of a session; `nil` where `steps` begin before it.
    var handshake: FakeStep? = .handshake()
    var configure: @Sendable (inout AMQPConfiguration) -> Void = { _ in }

    /// What the publish on channel 2 ends with, where the fate does not say it.
    var outcome: AMQPPublishOutcome?
    var isMandatory = true
    var request = RequestEnd.asTheFateSays
    /// Whether the broker confirms the publish and answers the request after its steps, where the fate is not its end.
    var isPolite = true
    var acknowledgement = AMQPAcknowledgement.manual
    /// Whether the program takes nothing until everything else has ended.
    var isConsumerIdle = false
    /// The tag in the broker's consume-ok; the client asked for `c`.
    var answeredTag = "c"
    /// How many deliveries the program gets.
    var deliveries = 0
    var countsDeliveries = true
    /// What the consumer and channel 1 end with, where the fate does not say it.
    var consumerEnd: AMQPError.Code?
    var firstChannelEnd: AMQPError.Code?
    /// What the connection ends with where the program closes it.
    var end = AMQPError.Code.closed
    /// How the broker answers when the client closes; by default as it should.
    var farewell: [FakeStep] = [.courteous]
    var check: (@Sendable (HostileAftermath) -> Void)?

    /// Whether it takes a second or so: it waits for deadlines, or sends much.
    var takesTime: Bool { Self.slow.contains(name) }
    private static let slow = Set((floods + closings).map(\.name))

    var testDescription: String { name }

    /// A script from the first byte on.
    static func connecting(_ name: String, _ steps: [FakeStep], _ fate: Fate) -> HostileScript {
        HostileScript(name: name, steps: steps, fate: fate, handshake: nil)
    }

    /// A script for an open connection: a consumer waits on channel 1, a publish on channel 2, a request on channel 3.
    static func session(_ name: String, _ steps: FakeStep..., fate: Fate) -> HostileScript {
        HostileScript(name: name, steps: steps, fate: fate)
    }

    /// The same with frames.
    static func frames(_ name: String, _ frames: WireFrame..., fate: Fate) -> HostileScript {
        HostileScript(name: name, steps: [.send(frames.flatMap(\.bytes))], fate: fate)
    }

    func with(_ change: (inout HostileScript) -> Void) -> HostileScript {
        var copy = self
        change(&copy)
        return copy
    }

    /// Every client here uses it, and no error may show it.
    static let password = "s3cret-s3cret"
    /// By when everything has to have ended.
    static let bound = Duration.seconds(2)

    static let all: [HostileScript] =
        handshakes + tunes + framing + methods + contents + tables + channels + confirms + closings + texts + floods
}

/// How everything that was pending ended.
struct HostileAftermath: Sendable {
    /// Why the connection ended, also where the program closed it at last.
    var connection: AMQPError?
    /// Why `connect` failed.
    var connect: AMQPError?
    var outcome: AMQPPublishOutcome?
    var request: AMQPError?
    var consumer: AMQPError?
    /// By channel 1, 2 and 3, before the program closed anything.
    var channels: [AMQPError?] = []
    var deliveries: [AMQPDelivery] = []
    var returns: [AMQPReturn] = []
    var droppedReturns: UInt64 = 0
    var events: [AMQPConnectionEvent] = []
    var droppedEvents: UInt64 = 0

    /// All errors that a program or its log could see.
    var errors: [AMQPError] {
        var all = [connection, connect, request, consumer].compactMap(\.self) + channels.compactMap(\.self)
        if let outcome, case .returned(_, let text) = outcome { all.append(AMQPError(.returned, text)) }
        for event in events { if case .closed(let error?) = event { all.append(error) } }
        all += deliveries.compactMap(\.propertiesError)
        return all
    }
}
