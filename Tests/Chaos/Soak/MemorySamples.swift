/// The memory of a process over time, and the line through it.
struct MemorySamples: Sendable {
    private var samples: [(seconds: Double, bytes: Double)] = []
    private let start = ContinuousClock.now

    mutating func add(_ bytes: Int) {
        samples.append((Double((ContinuousClock.now - start).inMilliseconds) / 1000, Double(bytes)))
    }

    /// By how many bytes an hour it grows, by least squares over what follows the first `part` of the time: before, the
    /// allocator and the broker's own buffers find their size. `nil` where there are too few samples.
    func slope(skipping part: Double = 0.25) -> Double? {
        guard let end = samples.last?.seconds else { return nil }
        let counted = samples.filter { $0.seconds >= end * part }
        guard counted.count >= 3 else { return nil }
        let count = Double(counted.count)
        let meanTime = counted.reduce(0) { $0 + $1.seconds } / count
        let meanBytes = counted.reduce(0) { $0 + $1.bytes } / count
        let spread = counted.reduce(0) { $0 + ($1.seconds - meanTime) * ($1.seconds - meanTime) }
        guard spread > 0 else { return nil }
        return counted.reduce(0) { $0 + ($1.seconds - meanTime) * ($1.bytes - meanBytes) } / spread * 3600
    }
}
