import SwiftAMQP
import TestSupport
import Testing

/// A row of the fault matrix as the kernel does it to the packets between the client and the broker.
struct KernelRow: Sendable, CustomTestStringConvertible {
    typealias Change = @Sendable (NetworkNamespace) async throws -> Void

    let number: Int
    let name: String
    /// Whether it ends connections for certain, and lets none come about.
    let endsConnections: Bool
    /// Whether connections last; with packets that are lost by chance neither is certain.
    var keepsConnections = false
    var heartbeat: Duration = .seconds(1)
    /// Of each way, added by the proxy.
    var latency: Duration = .zero
    let fault: Change
    /// How long it lasts, where the time is the fault.
    var lasts: Duration?
    /// Whether the kernel has to have lost packets by the end.
    var losesPackets = true
    let relief: Change

    var testDescription: String { "row \(number): \(name)" }

    private static func rule(_ rule: NetworkNamespace.Rule, _ directions: [NetworkNamespace.Direction]) -> Change {
        { namespace in try await namespace.set(rule, directions) }
    }

    private static func row(
        _ number: Int, _ name: String, _ rule: NetworkNamespace.Rule, _ directions: [NetworkNamespace.Direction]
    ) -> KernelRow {
        KernelRow(
            number: number, name: name, endsConnections: true, fault: self.rule(rule, directions),
            relief: { namespace in try await namespace.set(.pass) })
    }

    static let all: [KernelRow] =
        [
            row(10, "packets are dropped both ways", .drop, [.toFar, .fromFar]),
            row(11, "packets to the broker are dropped", .drop, [.toFar]),
            row(12, "packets from the broker are dropped", .drop, [.fromFar]),
            row(13, "the next write is answered with a reset", .reset, [.toFar]),
            KernelRow(
                number: 14, name: "the link is down for less than T", endsConnections: false, keepsConnections: true,
                heartbeat: .seconds(2), fault: { namespace in try await namespace.setLink(isUp: false) },
                lasts: .seconds(1), losesPackets: false,
                relief: { namespace in try await namespace.setLink(isUp: true) }),
        ]
        + [5, 30].map { percent in
            KernelRow(
                number: 15, name: "500 ms round trip, and \(percent) % of the packets are lost",
                endsConnections: false, heartbeat: .seconds(4), latency: .milliseconds(250),
                fault: rule(.lose(percent: percent), NetworkNamespace.Direction.allCases),
                relief: { namespace in try await namespace.set(.pass) })
        }
}
