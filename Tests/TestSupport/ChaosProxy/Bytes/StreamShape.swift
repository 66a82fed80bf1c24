/// What happens to the bytes of one direction. The default is nothing.
package struct StreamShape: Sendable, Hashable {
    /// A direction that forwards nothing.
    package enum Hole: Sendable, Hashable {
        /// Keeps reading, so that the sender notices nothing. The bytes are gone: healing resets such a connection.
        case swallow
        /// Stops reading, so that the sender's window fills. After healing everything goes on where it was.
        case stall
    }

    /// How much later bytes leave than they came.
    package var latency: Duration = .zero
    /// How much more or less than `latency`, drawn from the seed. Bytes never overtake each other.
    package var jitter: Duration = .zero
    /// A token bucket that holds a tenth of a second.
    package var bytesPerSecond: Int?
    /// The largest piece that is handed to the kernel at once.
    package var maximumSegment: Int?
    package var hole: Hole?
    /// Inverts the byte at this offset, counted from the start of the connection.
    package var corruptedOffset: Int?

    package init() {}
}

extension StreamShape: CustomStringConvertible {
    /// For example `latency=0.5 seconds rate=8000`; `none`.
    package var description: String {
        var parts: [String] = []
        if latency != .zero { parts.append("latency=\(latency)") }
        if jitter != .zero { parts.append("jitter=\(jitter)") }
        if let bytesPerSecond { parts.append("rate=\(bytesPerSecond)") }
        if let maximumSegment { parts.append("segment=\(maximumSegment)") }
        if let hole { parts.append("hole=\(hole)") }
        if let corruptedOffset { parts.append("corrupt=\(corruptedOffset)") }
        return parts.isEmpty ? "none" : parts.joined(separator: " ")
    }
}
