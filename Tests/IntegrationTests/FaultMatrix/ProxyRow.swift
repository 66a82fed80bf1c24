import SwiftAMQP
import TestSupport
import Testing

/// A row of the fault matrix that is a matter of the connection alone, so that a proxy can do it.
struct ProxyRow: Sendable, CustomTestStringConvertible {
    typealias Fault = @Sendable (ChaosProxy) async throws -> Void

    let number: Int
    let name: String
    /// Whether it ends connections; if not, publishes wait and go on.
    let endsConnections: Bool
    /// Whether a publish that meets it has to be sent again for certain.
    var resends = false
    var heartbeat: Duration = .seconds(1)
    var size = 64
    /// What happens before publishes are handed in.
    let fault: Fault
    /// What happens while they are under way.
    var relief: Fault = { _ in }
    /// What happens instead of `fault` to a connection that consumes, where the frames are others.
    var whenConsuming: Fault?
    /// What happens to the first attempt to connect.
    let whenConnecting: Fault

    var testDescription: String { "row \(number < 10 ? "0" : "")\(number): \(name)" }

    private static func rules(_ rules: String...) -> Fault {
        { proxy in for rule in rules { try await proxy.add(rule) } }
    }

    /// A hole for the connections that are up; those that come find the way free.
    private static func hole(_ direction: FrameDirection?) -> Fault {
        { proxy in
            for connection in proxy.status.live {
                await proxy.shape(direction, connection: connection) { $0.hole = .swallow }
            }
        }
    }

    private static func shape(_ change: @escaping @Sendable (inout StreamShape) -> Void) -> Fault {
        { proxy in await proxy.shape(nil, change) }
    }

    static let all: [ProxyRow] = [
        ProxyRow(
            number: 1, name: "RST, idle", endsConnections: true, fault: { await $0.reset() },
            whenConnecting: rules("s2c:connection.start:1:rst", "c2s:connection.start-ok:2:rst")),
        ProxyRow(
            number: 2, name: "RST in mid frame", endsConnections: true, resends: true, size: 5000,
            fault: rules("c2s:body:1:rst-mid"), whenConsuming: rules("s2c:body:1:rst-mid"),
            whenConnecting: rules("c2s:connection.open:1:rst-mid", "s2c:connection.tune:2:rst-mid")),
        ProxyRow(
            number: 3, name: "RST instead of the confirm", endsConnections: true, resends: true,
            fault: rules("s2c:basic.ack:1:rst"), whenConsuming: rules("c2s:basic.ack:1:rst"),
            whenConnecting: rules("s2c:connection.open-ok:1:rst")),
        ProxyRow(
            number: 4, name: "FIN without connection.close", endsConnections: true, fault: { await $0.finish() },
            whenConnecting: rules("c2s:connection.start-ok:1:fin", "s2c:connection.open-ok:1:fin")),
        ProxyRow(
            number: 10, name: "black hole both ways", endsConnections: true, resends: true, fault: hole(nil),
            whenConnecting: rules("c2s:protocol:1:blackhole=both")),
        ProxyRow(
            number: 11, name: "black hole to the broker", endsConnections: true, resends: true,
            fault: { await $0.deafen() }, whenConnecting: rules("c2s:protocol:1:blackhole")),
        ProxyRow(
            number: 12, name: "black hole from the broker", endsConnections: true, resends: true,
            fault: hole(.serverToClient), whenConnecting: rules("s2c:connection.start:1:blackhole")),
        ProxyRow(
            number: 13, name: "idle drop, RST at the next write", endsConnections: true,
            fault: rules("c2s:*:1:rst"),
            whenConsuming: { proxy in
                let first = proxy.status.live
                let rule = try await proxy.add("c2s:*:1/each:rst")
                try await proxy.wait(for: "the end of both") { status in !first.contains { status.live.contains($0) } }
                await proxy.remove(rule)
            }, whenConnecting: rules("c2s:protocol:1:rst")),
        ProxyRow(
            number: 14, name: "link down for less than T", endsConnections: false, heartbeat: .seconds(2),
            fault: shape { $0.hole = .stall },
            relief: { proxy in
                // The time is the fault.
                try await Task.sleep(for: .milliseconds(1400))
                await proxy.shape { $0.hole = nil }
            }, whenConnecting: rules("s2c:connection.start:1:delay=500ms")),
        ProxyRow(
            number: 15, name: "slow and unsteady link", endsConnections: false, heartbeat: .seconds(2),
            fault: shape {
                $0.latency = .milliseconds(500)
                $0.jitter = .milliseconds(300)
            },
            whenConnecting: shape {
                $0.latency = .milliseconds(50)
                $0.jitter = .milliseconds(40)
            }),
        ProxyRow(
            number: 16, name: "throttled link, a body that takes longer than 2 T", endsConnections: false,
            size: 100_000,
            fault: { proxy in await proxy.shape(.clientToServer) { $0.bytesPerSecond = 40_000 } },
            relief: { proxy in
                try await Task.sleep(for: .milliseconds(2600))
                await proxy.shape { $0.bytesPerSecond = nil }
            }, whenConsuming: { proxy in await proxy.shape(.serverToClient) { $0.bytesPerSecond = 40_000 } },
            whenConnecting: shape { $0.bytesPerSecond = 8000 }),
        ProxyRow(
            number: 17, name: "segments of one byte", endsConnections: false, fault: shape { $0.maximumSegment = 1 },
            whenConnecting: shape { $0.maximumSegment = 1 }),
        ProxyRow(
            number: 34, name: "a corrupted byte", endsConnections: true, resends: true,
            fault: rules("c2s:body:3:corrupt"), whenConsuming: rules("s2c:body:3:corrupt"),
            whenConnecting: rules("s2c:connection.tune:1:corrupt", "c2s:connection.start-ok:2:corrupt")),
        ProxyRow(
            number: 35, name: "frames of no known type, class or size", endsConnections: true, resends: true,
            fault: rules("s2c:basic.ack:1:corrupt=7"), whenConsuming: rules("s2c:basic.deliver:1:corrupt=7"),
            whenConnecting: rules("s2c:connection.tune:1:corrupt=3", "s2c:connection.open-ok:1:corrupt=0")),
        ProxyRow(
            number: 36, name: "a handshake that is never answered, a close that is not", endsConnections: true,
            fault: { proxy in
                try await proxy.add("s2c:connection.close-ok:1+:drop")
                await proxy.reset()
            }, whenConnecting: rules("s2c:connection.start:1:drop", "s2c:connection.open-ok:1:drop")),
    ]
}
