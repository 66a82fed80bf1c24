/// Says how many bytes may go now. It holds a tenth of a second's worth, and starts full.
struct TokenBucket: Sendable {
    let rate: Int
    private var tokens: Double
    private var last: UInt64

    init(bytesPerSecond: Int, now: UInt64) {
        rate = max(bytesPerSecond, 1)
        tokens = Self.capacity(rate)
        last = now
    }

    private static func capacity(_ rate: Int) -> Double { max(Double(rate) / 10, 1) }

    /// How many of `wanted` bytes may go at `now`: not less than a hundredth of a second's worth, unless fewer are
    /// wanted, because a trickle of single bytes would be another fault than a slow link.
    mutating func available(_ wanted: Int, now: UInt64) -> Int {
        if now > last {
            tokens = min(tokens + Double(now - last) * Double(rate) / 1e9, Self.capacity(rate))
            last = now
        }
        return tokens < Double(quantum(wanted)) ? 0 : min(wanted, Int(tokens))
    }

    /// When ``available(_:now:)`` will be more than nothing.
    func refill(_ wanted: Int) -> UInt64 {
        let missing = max(Double(quantum(wanted)) - tokens, 0)
        return last + UInt64(missing / Double(rate) * 1e9) + 1
    }

    mutating func take(_ count: Int) { tokens -= Double(count) }

    private func quantum(_ wanted: Int) -> Int { max(min(wanted, rate / 100), 1) }
}
