/// What a program of ours or a peer prints about one run.
struct Measurement: Sendable, Codable {
    var peer: String
    var work: String
    var messages: Int
    var bodyBytes: Int
    var seconds: Double?
    /// Messages a second.
    var rate: Double?
    /// User and system time of the whole process.
    var cpuSeconds: Double?
    var latencyP50: Double?
    var latencyP99: Double?
    var allocations: Int?
    var peakKiB: Int?
    /// Resident memory of each connection behind the first.
    var kibEach: Double?
    var ownThreads: Int?

    enum CodingKeys: String, CodingKey {
        case peer, work, messages, seconds, rate, allocations
        case bodyBytes = "body_bytes"
        case cpuSeconds = "cpu_seconds"
        case latencyP50 = "latency_p50_us"
        case latencyP99 = "latency_p99_us"
        case peakKiB = "peak_kib"
        case kibEach = "kib_each"
        case ownThreads = "own_threads"
    }
}

/// What of a measurement a row shows.
enum Figure {
    case rate, megabytes, latencyP50, latencyP99, cpu, allocations, peakMemory, memoryEach, threads

    var unit: String {
        switch self {
        case .rate: "msg/s"
        case .megabytes: "MB/s"
        case .latencyP50, .latencyP99: "us"
        case .cpu: "us CPU/msg"
        case .allocations: "allocations/msg"
        case .peakMemory: "MiB"
        case .memoryEach: "KiB"
        case .threads: "threads"
        }
    }

    var isMoreBetter: Bool { self == .rate || self == .megabytes }

    func value(of measurement: Measurement) -> Double? {
        let messages = Double(max(1, measurement.messages))
        return switch self {
        case .rate: measurement.rate
        case .megabytes: measurement.rate.map { $0 * Double(measurement.bodyBytes) / 1e6 }
        case .latencyP50: measurement.latencyP50
        case .latencyP99: measurement.latencyP99
        case .cpu: measurement.cpuSeconds.map { $0 * 1e6 / messages }
        case .allocations: measurement.allocations.map { Double($0) / messages }
        case .peakMemory: measurement.peakKiB.map { Double($0) / 1024 }
        case .memoryEach: measurement.kibEach
        case .threads: measurement.ownThreads.map(Double.init)
        }
    }
}
