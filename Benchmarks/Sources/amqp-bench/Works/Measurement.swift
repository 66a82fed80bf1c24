import Foundation

/// One run of one work, as it is printed by us and by the peers: a line of JSON.
struct Measurement: Sendable, Codable {
    var peer: String
    var work: String
    var messages: Int
    var bodyBytes: Int
    var seconds: Double
    var rate: Double
    var cpuSeconds: Double
    var window: Int?
    var tasks: Int?
    var latencyP50: Double?
    var latencyP99: Double?

    enum CodingKeys: String, CodingKey {
        case peer, work, messages, seconds, rate, window, tasks
        case bodyBytes = "body_bytes"
        case cpuSeconds = "cpu_seconds"
        case latencyP50 = "latency_p50_us"
        case latencyP99 = "latency_p99_us"
    }

    init(_ parameters: WorkParameters, _ stopwatch: Stopwatch, latencies: [Int64] = []) {
        peer = "swiftamqp"
        work = parameters.work.rawValue
        messages = parameters.count
        bodyBytes = parameters.bodySize
        seconds = stopwatch.seconds
        rate = Double(parameters.count) / stopwatch.seconds
        cpuSeconds = stopwatch.cpuSeconds
        window = parameters.window > 0 ? parameters.window : nil
        tasks = parameters.work == .publishTasks ? parameters.tasks : nil
        if !latencies.isEmpty {
            let sorted = latencies.sorted()
            latencyP50 = Double(sorted[sorted.count / 2]) / 1e3
            latencyP99 = Double(sorted[sorted.count - 1 - sorted.count / 100]) / 1e3
        }
    }

    var line: String {
        var text = """
            {"peer":"\(peer)","work":"\(work)","messages":\(messages),"body_bytes":\(bodyBytes),\
            "seconds":\(format("%.6f", seconds)),"rate":\(format("%.0f", rate)),\
            "cpu_seconds":\(format("%.6f", cpuSeconds))
            """
        if let window { text += ",\"window\":\(window)" }
        if let tasks { text += ",\"tasks\":\(tasks)" }
        if let latencyP50, let latencyP99 {
            text += ",\"latency_p50_us\":\(format("%.1f", latencyP50)),\"latency_p99_us\":\(format("%.1f", latencyP99))"
        }
        return text + "}"
    }
}

func format(_ pattern: String, _ value: Double) -> String { String(format: pattern, value) }

/// Time, and CPU time of this process (user and system), between two moments.
struct Stopwatch: Sendable {
    private var started: Int64, finished: Int64 = 0
    private var cpuStarted: Int64, cpuFinished: Int64 = 0

    init() {
        cpuStarted = Self.cpu
        started = Self.now
    }

    mutating func stop() {
        finished = Self.now
        cpuFinished = Self.cpu
    }

    var seconds: Double { Double(finished - started) / 1e9 }
    var cpuSeconds: Double { Double(cpuFinished - cpuStarted) / 1e9 }

    /// Nanoseconds of a clock that only goes forward.
    static var now: Int64 { nanoseconds(CLOCK_MONOTONIC) }
    private static var cpu: Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
