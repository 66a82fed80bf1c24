/// One line of the table: what each contestant does for it, and what of that is shown.
struct Row {
    let name: String
    let figure: Figure
    var target: Target?
    let runs: [Contestant: Run]

    /// The works take half a second or so each.
    static func all(isQuick: Bool) -> [Row] {
        sink(isQuick: isQuick) + foreign(isQuick: isQuick) + broker(isQuick: isQuick) + resources
    }

    /// The C ABI, as a program in C uses it, beside the peers' same works.
    private static func foreign(isQuick quick: Bool) -> [Row] {
        func runs(_ work: String, _ counts: [Contestant: Int]) -> [Contestant: Run] {
            var runs = each(work, counts, quick: quick)
            runs[.ours]?.ownProgram = "work-c-api"
            return runs
        }
        return [
            Row(
                name: "C: publish, window of 1,000", figure: .rate, target: .ratioAtLeast(15),
                runs: runs("publish-confirm", [.ours: 1_000_000, .rabbitmqC: 80_000, .go: 50_000])),
            Row(
                name: "C: publish_wait, p50", figure: .latencyP50, target: .ratioAtMost(1.5),
                runs: runs("publish-await", [.ours: 8_000, .rabbitmqC: 8_000, .go: 5_000])),
            Row(
                name: "C: consume, one ack each", figure: .rate, target: .ratioAtLeast(8),
                runs: runs("consume-ack", [.ours: 1_000_000, .rabbitmqC: 100_000, .go: 50_000])),
            Row(
                name: "C: an event by poll_batch", figure: .latencyP50, target: .oursAtMost(0.15),
                runs: runs("events", [.ours: 500_000])),
        ]
    }

    private static func each(_ work: String, _ counts: [Contestant: Int], body: Int = 16, quick: Bool) -> [Contestant:
        Run]
    {
        var runs: [Contestant: Run] = [:]
        for (contestant, count) in counts {
            runs[contestant] = Run(
                contestant: contestant, work: work, count: quick ? (count + 3) / 4 : count, bodySize: body)
        }
        return runs
    }

    private static func sink(isQuick quick: Bool) -> [Row] {
        let pipelined = each(
            "publish-confirm", [.ours: 2_500_000, .rabbitmqC: 80_000, .go: 50_000], quick: quick)
        // rabbitmq-c has no tasks: its best way with confirms is the pipelined one.
        var tasks = each("publish-tasks", [.ours: 500_000, .go: 30_000], quick: quick)
        tasks[.rabbitmqC] = pipelined[.rabbitmqC]
        var supervised = each("publish-supervised", [.ours: 1_000_000], quick: quick)
        supervised[.rabbitmqC] = pipelined[.rabbitmqC]
        supervised[.go] = pipelined[.go]
        let awaited = each("publish-await", [.ours: 8_000, .rabbitmqC: 8_000, .go: 5_000], quick: quick)
        var rows = [
            Row(
                name: "publish, no confirms", figure: .rate, target: .ratioAtLeast(30),
                runs: each("publish", [.ours: 5_000_000, .rabbitmqC: 80_000, .go: 30_000], quick: quick)),
            Row(name: "publish, window of 1,000", figure: .rate, target: .ratioAtLeast(20), runs: pipelined),
            Row(name: "publish, supervised, the same window", figure: .rate, target: nil, runs: supervised),
            Row(name: "publish, 256 tasks awaiting", figure: .rate, target: .ratioAtLeast(8), runs: tasks),
            Row(name: "publish, one awaited, p50", figure: .latencyP50, target: .ratioAtMost(1.3), runs: awaited),
            Row(name: "publish, one awaited, p99", figure: .latencyP99, target: nil, runs: awaited),
            Row(
                name: "consume, one ack each", figure: .rate, target: .ratioAtLeast(10),
                runs: each("consume-ack", [.ours: 1_000_000, .rabbitmqC: 100_000, .go: 50_000], quick: quick)),
            Row(
                name: "consume, auto-ack", figure: .rate, target: .ratioAtLeast(0.5),
                runs: each("consume-autoack", [.ours: 1_500_000, .rabbitmqC: 1_500_000, .go: 100_000], quick: quick)),
        ]
        for (title, body, count) in [("64 KiB", 65_536, 20_000), ("1 MiB", 1_048_576, 1_000)] {
            for (work, verb) in [("publish", "publish"), ("consume-ack", "consume")] {
                let counts: [Contestant: Int] = [.ours: count, .rabbitmqC: count, .go: count / 2]
                rows.append(
                    Row(
                        name: "\(verb), \(title) bodies", figure: .megabytes, target: .ratioAtLeast(1),
                        runs: each(work, counts, body: body, quick: quick)))
            }
        }
        return rows
    }

    private static func broker(isQuick quick: Bool) -> [Row] {
        func runs(_ work: String) -> [Contestant: Run] {
            // Equal counts: who consumes takes what the same contestant published just before.
            each(work, [.ours: 20_000, .rabbitmqC: 20_000, .go: 20_000], quick: quick).mapValues {
                var run = $0
                run.queue = "swiftamqp-bench"
                return run
            }
        }
        let publish = runs("publish-confirm")
        let consume = runs("consume-ack")
        return [
            Row(name: "broker: publish, window of 1,000", figure: .rate, target: .ratioAtLeast(0.95), runs: publish),
            Row(name: "broker: publish, CPU time", figure: .cpu, target: .ratioAtMost(0.3), runs: publish),
            Row(name: "broker: consume and ack", figure: .rate, target: nil, runs: consume),
            Row(name: "broker: consume and ack, CPU time", figure: .cpu, target: .ratioAtMost(0.3), runs: consume),
        ]
    }

    private static var resources: [Row] {
        func counted(_ work: String) -> [Contestant: Run] {
            each(work, [.ours: 500_000, .rabbitmqC: 20_000, .go: 20_000], quick: false).mapValues {
                var run = $0
                run.countsAllocations = true
                run.isMeasuredOnce = true
                return run
            }
        }
        func idle(_ connections: Int) -> [Contestant: Run] {
            each("idle", [.ours: 0, .rabbitmqC: 0, .go: 0], quick: false).mapValues {
                var run = $0
                run.connections = connections
                run.isMeasuredOnce = true
                return run
            }
        }
        return [
            Row(
                name: "publish, window of 1,000: allocations", figure: .allocations, target: .oursAtMost(1),
                runs: counted("publish-confirm")),
            Row(
                name: "consume, one ack each: allocations", figure: .allocations, target: .oursAtMost(3),
                runs: counted("consume-ack")),
            Row(
                name: "1 idle connection: peak of process", figure: .peakMemory, target: .oursAtMost(15),
                runs: idle(1)),
            Row(
                name: "1,000 connections: memory each", figure: .memoryEach, target: .oursAtMost(16), runs: idle(1000)),
            // Of threads that a client started; the peers do not tell theirs from those of their runtime.
            Row(
                name: "1,000 connections: threads of ours", figure: .threads, target: .oursAtMost(2),
                runs: idle(1000).filter { $0.key == .ours }),
        ]
    }
}
