import Foundation

/// What our side costs as things grow, as tables in Markdown. Medians of three.
func measureGrowth() throws {
    let sink = try OtherEnd.sink()
    defer { sink.end.stop() }

    func median(_ run: Run) throws -> Measurement {
        showProgress("\(run.work), \(run.bodySize) octets, \(run.connections) connections, \(run.channels) channels")
        let all = try (0..<3).map { _ in try run.measure(port: sink.port) }
        return all.sorted { ($0.rate ?? 0) < ($1.rate ?? 0) }[1]
    }
    func cells(_ measurement: Measurement, megabytes: Bool) -> String {
        let rate = measurement.rate ?? 0
        let cpu = (measurement.cpuSeconds ?? 0) * 1e6 / Double(max(1, measurement.messages))
        var text = " \(format("%.0f", rate / 1e3)) |"
        if megabytes { text += " \(format("%.0f", rate * Double(measurement.bodyBytes) / 1e6)) |" }
        return text + " \(format(cpu < 10 ? "%.2f" : "%.0f", cpu)) |"
    }
    func bothWays(connections: Int = 1, channels: Int = 1) throws -> String {
        try ["publish-confirm", "consume-ack"].map { work in
            let run = Run(
                contestant: .ours, work: work, count: 1_000_000, connections: connections, channels: channels,
                window: 100)
            return cells(try median(run), megabytes: false)
        }.joined()
    }

    var lines = [
        "| body, octets | publish, k/s | MB/s | CPU, us | consume + ack, k/s | MB/s | CPU, us |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in [0, 16, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576] {
        let count = min(1_000_000, 1_000_000_000 / max(1, size))
        let publish = try median(Run(contestant: .ours, work: "publish", count: count, bodySize: size))
        let consume = try median(Run(contestant: .ours, work: "consume-ack", count: count, bodySize: size))
        lines.append("| \(size) |" + cells(publish, megabytes: true) + cells(consume, megabytes: true))
    }
    lines += [
        "",
        "| channels of one connection | publish, window of 100 each, k/s | CPU, us | consume + ack, k/s | CPU, us |",
        "|---:|---:|---:|---:|---:|",
    ]
    for channels in [1, 10, 100, 1000] { lines.append("| \(channels) |" + (try bothWays(channels: channels))) }
    lines += [
        "",
        "| connections | publish, window of 100 each, k/s | CPU, us | consume + ack, k/s | CPU, us | idle: KiB each | threads of ours |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for connections in [1, 10, 100, 1000] {
        let idle = try Run(contestant: .ours, work: "idle", connections: connections).measure(port: sink.port)
        lines.append(
            "| \(connections) |" + (try bothWays(connections: connections))
                + (connections == 1 ? " - |" : " \(format("%.1f", idle.kibEach ?? 0)) |") + " \(idle.ownThreads ?? 0) |"
        )
    }
    showProgress("")
    print(lines.joined(separator: "\n"))
}
