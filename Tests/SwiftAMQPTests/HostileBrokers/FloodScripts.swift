import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// More of something than a client should have to hold. Each is bounded by something, and the memory is measured.
    static let floods: [HostileScript] = [
        .session("100,000 heartbeats", .flood(WireFrame.heartbeatFrame.bytes, times: 100_000), fate: .goesOn),
        .session(
            "blocked and unblocked, 2,000 times",
            .flood(Hostile.blocked(rawReason: .init(repeating: 65, count: 255)).bytes + unblocked, times: 2000),
            fate: .goesOn
        ).with {
            $0.check = { aftermath in
                #expect(aftermath.events.count <= 256)
                #expect(aftermath.droppedEvents > 0)
            }
        },
        .session("10,000 returns of nothing", .flood(Hostile.returned(""), times: 10_000), fate: .goesOn).with(
            bounded),
        .session(
            "64 MiB of returns", .flood(Hostile.returned(String(repeating: "r", count: 64 << 10)), times: 1024),
            fate: .goesOn
        ).with(bounded),
        .session(
            "returns whose headers are larger in memory than on the wire", .flood(returnOfVoids, times: 16),
            fate: .goesOn
        ).with(bounded),
        // A prefetch of 64 with messages that it does not cover.
        .session(
            "far more bytes than the prefetch covers",
            .run { (connection) throws(HarnessError) in
                let body = [UInt8](repeating: 7, count: 100_000)
                for tag in UInt64(1)...2000 {
                    guard try connection.sendRegardless(Hostile.message(tag, body)) else { return }
                }
            }, fate: .connection(.protocolViolation, 503)
        ).with {
            $0.configure = { $0.maximumInboundBodySize = 100_000 }
            $0.isConsumerIdle = true
        },
        .session(
            "far more headers than the prefetch covers",
            .run { (connection) throws(HarnessError) in
                for tag in UInt64(1)...1000 {
                    guard try connection.sendRegardless(messageOfVoids(tag, 1500)) else { return }
                }
            }, fate: .connection(.protocolViolation, 503)
        ).with {
            $0.configure = { $0.maximumInboundBodySize = 100_000 }
            $0.isConsumerIdle = true
        },
        .session(
            "far more headers than an auto-ack consumer holds",
            .run { (connection) throws(HarnessError) in
                for tag in UInt64(1)...16 {
                    guard try connection.sendRegardless(messageOfVoids(tag, 100_000)) else { return }
                }
            }, fate: .consumer(.overflow)
        ).with {
            $0.acknowledgement = .automatic(bufferLimit: .init(maximumMessages: 100_000, maximumBytes: 8 << 20))
            $0.isConsumerIdle = true
            $0.countsDeliveries = false
        },
        .session(
            "cancels that want answers, which are not read",
            .flood(Hostile.cancel(String(repeating: "w", count: 250), noWait: false).bytes, times: 200_000),
            fate: .connection(.protocolViolation)
        ).with { $0.configure = small },
    ]

    private static let unblocked = WireFrame.method(0, .connectionUnblocked).bytes

    private static let small: @Sendable (inout AMQPConfiguration) -> Void = { $0.outboundBufferLimit = 4096 }

    private static let bounded: @Sendable (inout HostileScript) -> Void = {
        $0.check = { aftermath in
            #expect(aftermath.returns.count <= 256)
            #expect(aftermath.droppedReturns > 0)
        }
    }

    private static let returnOfVoids: [UInt8] =
        WireFrame.method(2, .basicReturn) {
            $0.u16(312)
            $0.raw([0, 0, 0])
        }.bytes + Hostile.header(2, rawTable: Hostile.tableOfVoids(100_000), bodySize: 0).bytes

    private static func messageOfVoids(_ tag: UInt64, _ count: Int) -> [UInt8] {
        Hostile.message(tag, header: Hostile.header(rawTable: Hostile.tableOfVoids(count)))
    }
}
