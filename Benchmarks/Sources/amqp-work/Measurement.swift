import Glibc

/// The figures of a work as the peers print them, too.
func line(_ parameters: WorkParameters, _ stopwatch: Stopwatch, _ latencies: [Int64]) -> String {
    var line = Line(parameters)
        .with("seconds", stopwatch.seconds, digits: 6)
        .with("rate", Double(parameters.count) / stopwatch.seconds, digits: 0)
        .with("cpu_seconds", stopwatch.cpuSeconds, digits: 6)
    if let allocations = stopwatch.allocations { line = line.with("allocations", Int(allocations)) }
    if !latencies.isEmpty {
        let sorted = latencies.sorted()
        line = line.with("latency_p50_us", Double(sorted[sorted.count / 2]) / 1e3, digits: 1)
            .with("latency_p99_us", Double(sorted[sorted.count - 1 - sorted.count / 100]) / 1e3, digits: 1)
    }
    return line.text
}

/// A JSON object of one line.
struct Line {
    private var fields: String

    init(_ parameters: WorkParameters) {
        fields = "\"peer\":\"swiftamqp\",\"work\":\"\(parameters.work.rawValue)\""
        fields += ",\"messages\":\(parameters.count),\"body_bytes\":\(parameters.bodySize)"
    }

    func with(_ name: String, _ value: Int) -> Line {
        var line = self
        line.fields += ",\"\(name)\":\(value)"
        return line
    }

    func with(_ name: String, _ value: Double, digits: Int) -> Line {
        var line = self
        line.fields += ",\"\(name)\":\(decimal(value, digits: digits))"
        return line
    }

    var text: String { "{" + fields + "}" }

    private func decimal(_ value: Double, digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(scaled)" }
        let fraction = "\(scaled % scale)"
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

/// Time, CPU time of this process (user and system), and allocations where they are counted, between two moments.
struct Stopwatch: Sendable {
    private var started: Int64, finished: Int64 = 0
    private var cpuStarted: Int64, cpuFinished: Int64 = 0
    private(set) var allocations: UInt64?

    init() {
        allocations = allocationCount()
        cpuStarted = Self.cpu
        started = Self.now
    }

    mutating func stop() {
        finished = Self.now
        cpuFinished = Self.cpu
        if let before = allocations, let after = allocationCount() { allocations = after - before }
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

/// What the interposer (Sources/allocation-counter) has counted, where it was loaded before this program.
private func allocationCount() -> UInt64? {
    guard let symbol = dlsym(nil, "allocation_counter_value") else { return nil }
    return unsafeBitCast(symbol, to: (@convention(c) () -> UInt64).self)()
}
