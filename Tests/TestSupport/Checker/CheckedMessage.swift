/// The identity of a message that a checker follows.
package struct MessageID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var run: UInt64
    package var publisher: UInt32
    /// Rises by one with each message of a publisher.
    package var sequence: UInt64

    package init(run: UInt64, publisher: UInt32, sequence: UInt64) {
        self.run = run
        self.publisher = publisher
        self.sequence = sequence
    }

    /// For example `p3/1042`. A report is about one run.
    package var description: String { "p\(publisher)/\(sequence)" }

    package static func < (one: MessageID, other: MessageID) -> Bool {
        (one.run, one.publisher, one.sequence) < (other.run, other.publisher, other.sequence)
    }
}

/// Bodies that say which message they are and whether they are whole.
///
/// All attempts at a message have the same body, as they have the same message id. Which attempt it was stands in the
/// header ``attemptHeader``.
package enum CheckedMessage {
    /// The header with the number of the attempt, from 1.
    package static let attemptHeader = "x-swiftamqp-attempt"
    /// The smallest body.
    package static let minimumSize = 32

    package enum Content: Sendable, Hashable {
        case message(MessageID)
        /// Not a body of this kind.
        case foreign
        /// A body of this kind that is not what it was.
        case damaged
    }

    private static let magic = Array("SAQ1".utf8)

    /// A body of `size` bytes, or the smallest. Layout: magic, run, publisher, sequence, size, filling, CRC-32 of it all.
    package static func body(_ id: MessageID, size: Int = minimumSize) -> [UInt8] {
        let size = max(size, minimumSize)
        var writer = WireWriter()
        writer.raw(magic)
        writer.u64(id.run)
        writer.u32(id.publisher)
        writer.u64(id.sequence)
        writer.u32(UInt32(truncatingIfNeeded: size))
        // No two messages share their filling, so that pieces of two joined together do not pass for one.
        var random = SeededGenerator(seed: id.run ^ UInt64(id.publisher) << 40 ^ id.sequence)
        var filling: [UInt8] = []
        filling.reserveCapacity(size - minimumSize + 8)
        while filling.count < size - minimumSize {
            withUnsafeBytes(of: random.next().littleEndian) { filling += $0 }
        }
        writer.raw(Array(filling.prefix(size - minimumSize)))
        writer.u32(CRC32.of(writer.bytes))
        return writer.bytes
    }

    package static func read(_ body: [UInt8]) -> Content {
        guard body.starts(with: magic) else { return .foreign }
        var reader = WireReader(Array(body.prefix(28)))
        var end = WireReader(Array(body.suffix(4)))
        do throws(HarnessError) {
            _ = try reader.take(magic.count)
            let id = MessageID(run: try reader.u64(), publisher: try reader.u32(), sequence: try reader.u64())
            guard body.count >= minimumSize, Int(try reader.u32()) == body.count,
                try end.u32() == CRC32.of(body.dropLast(4))
            else { return .damaged }
            return .message(id)
        } catch {
            return .damaged
        }
    }
}
