import CSwiftAMQP
import TestSupport
import Testing

/// Sixteen threads publish, take events, poll and ask at one client. Most of what the library makes for a publish is used again
/// for another: each has to end once, as the broker ended it, with its own user pointer and tag. Run under the thread sanitizer
/// (`make tsan`) this is where the C ABI has its races looked for.
@Suite("Many threads at one client of C", .serialized, .timeLimit(.minutes(5)))
struct StressTests {
    @Test("each publish ends as the broker ended it, and each delivery is settled once")
    func orderly() async throws {
        let ledger = StressLedger(deliveries: StressRun.deliveries)
        let broker = try FakeBroker.start(
            connections: (1...2).map { StressSession.script(ledger, seed: $0) }, timeout: .seconds(60))
        let run = try await Self.run(ledger, broker)
        try await broker.finished()

        for ending in run.endings {
            let expected =
                switch StressMessage(ending.number).fate {
                case .confirmed: SAMQP_OK
                case .returned: SAMQP_ERR_RETURNED
                case .nacked: SAMQP_ERR_NACKED
                }
            #expect(ending.status == expected, "publish \(ending.number)")
            #expect(ending.attempts == (expected == SAMQP_OK ? 1 : ending.attempts), "publish \(ending.number)")
        }
        #expect(ledger.received.values.allSatisfy { $0 == 1 })
        #expect(run.delivered.count == StressRun.deliveries)
        #expect(ledger.acked.values.allSatisfy { $0 == 1 })
    }

    @Test("the same over connections that are lost again and again", arguments: UInt64(1)...3)
    func withLosses(seed: UInt64) async throws {
        let ledger = StressLedger(deliveries: StressRun.deliveries)
        var random = SeededGenerator(seed: seed)
        let scripts = (0..<300).map { number in
            // The last ones stay.
            let fuse = number < 16 ? Int.random(in: 30...1500, using: &random) : Int.max
            return StressSession.script(ledger, seed: seed * 1000 + UInt64(number), fuse: fuse)
        }
        let broker = try FakeBroker.start(connections: scripts, timeout: .seconds(60))
        let run = try await Self.run(ledger, broker)
        let transcript = await broker.stop()
        #expect(transcript.connections.filter { !$0.isEmpty }.count > 2, "no connection was lost")

        for ending in run.endings {
            switch StressMessage(ending.number).fate {
            case .confirmed: #expect(ending.status == SAMQP_OK, "publish \(ending.number)")
            case .returned:
                // Of an attempt before it nobody knows whether it was in a queue.
                #expect(
                    ending.status == SAMQP_ERR_RETURNED || ending.status == SAMQP_ERR_UNKNOWN,
                    "publish \(ending.number)")
            case .nacked:
                #expect(
                    ending.status == SAMQP_ERR_NACKED || ending.status == SAMQP_ERR_UNKNOWN, "publish \(ending.number)")
                #expect(ledger.received[ending.number] ?? 0 <= 1, "publish \(ending.number) was to be sent once")
            }
        }
        #expect(Set(run.delivered) == Set(0..<StressRun.deliveries))
    }

    /// Runs all threads to their end, and checks what holds whatever the broker did.
    private static func run(_ ledger: StressLedger, _ broker: FakeBroker) async throws -> StressRun {
        let options = [
            ("connection.publish_timeout_ms", "120000"), ("client.recovery_initial_ms", "1"),
            ("client.recovery_max_ms", "20"),
        ]
        let client = try startClient(options, at: broker.url())
        let run = try #require(StressRun(client, ledger))
        await withTaskGroup { group in
            for index in 0..<StressRun.threads { group.addTask { await onThread { run.run(index) } } }
        }
        await onThread {
            expectOK { samqp_client_drain(client.handle, 10_000, nil, $0) }
            samqp_client_free(client.handle)
        }
        #expect(run.complaints == [])
        #expect(ledger.complaints == [])
        #expect(run.endings.count == StressRun.publishes)
        #expect(Set(run.endings.map(\.number)).count == StressRun.publishes)
        #expect(ledger.acked.count == StressRun.deliveries)
        return run
    }
}
