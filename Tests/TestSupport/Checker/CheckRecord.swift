/// What became of a publish, as the client under test says it.
package enum CheckedOutcome: UInt8, Sendable, Hashable, CaseIterable {
    case confirmed = 1
    case returned, nacked, notSent, unknown
}

/// Something that a client did or saw.
package struct CheckRecord: Sendable, Hashable {
    package enum Event: Sendable, Hashable {
        /// Before the call. The outcome is due so many nanoseconds later.
        case intent(deadline: UInt64)
        case outcome(CheckedOutcome, attempts: UInt32)
        /// A message came. `attempt` is what its header says, 1 where it has none.
        case delivery(attempt: UInt32, redelivered: Bool)
        /// A body came that is not what was sent; the id means nothing.
        case damage
        /// A new process goes on with the log: what the one before it left without an outcome will have none.
        case restart
        /// The broker was killed: it may have forgotten what it had delivered, and deliver it again without a word of that.
        case brokerKilled
    }

    package var event: Event
    package var id: MessageID
    /// ``MonotonicClock``.
    package var time: UInt64

    package init(_ event: Event, _ id: MessageID, time: UInt64) {
        self.event = event
        self.id = id
        self.time = time
    }
}

extension CheckRecord {
    /// The size of a record in a file.
    static let size = 48
    private static let mark: UInt8 = 0xC5

    var bytes: [UInt8] {
        var writer = WireWriter()
        writer.u8(Self.mark)
        // Kind, outcome, flag, number.
        let (kind, outcome, flag, number, deadline): (UInt8, UInt8, Bool, UInt32, UInt64) =
            switch event {
            case .intent(let deadline): (1, 0, false, 0, deadline)
            case .outcome(let outcome, let attempts): (2, outcome.rawValue, false, attempts, 0)
            case .delivery(let attempt, let redelivered): (3, 0, redelivered, attempt, 0)
            case .damage: (4, 0, false, 0, 0)
            case .restart: (5, 0, false, 0, 0)
            case .brokerKilled: (6, 0, false, 0, 0)
            }
        writer.u8(kind)
        writer.u8(outcome)
        writer.u8(flag ? 1 : 0)
        writer.u32(number)
        writer.u32(id.publisher)
        writer.u64(id.run)
        writer.u64(id.sequence)
        writer.u64(time)
        writer.u64(deadline)
        writer.u32(CRC32.of(writer.bytes))
        return writer.bytes
    }

    init(bytes: [UInt8]) throws(HarnessError) {
        var reader = WireReader(bytes)
        let mark = try reader.u8()
        let (kind, outcome, flag) = (try reader.u8(), try reader.u8(), try reader.u8() != 0)
        let (number, publisher) = (try reader.u32(), try reader.u32())
        id = MessageID(run: try reader.u64(), publisher: publisher, sequence: try reader.u64())
        time = try reader.u64()
        let deadline = try reader.u64()
        guard mark == Self.mark, try reader.u32() == CRC32.of(bytes.dropLast(4)) else {
            throw HarnessError(.malformed, "not a record of a checker's log")
        }
        switch (kind, CheckedOutcome(rawValue: outcome)) {
        case (1, _): event = .intent(deadline: deadline)
        case (2, .some(let outcome)): event = .outcome(outcome, attempts: number)
        case (3, _): event = .delivery(attempt: number, redelivered: flag)
        case (4, _): event = .damage
        case (5, _): event = .restart
        case (6, _): event = .brokerKilled
        default: throw HarnessError(.malformed, "a record of an unknown kind, \(kind)")
        }
    }
}

extension CheckRecord: CustomStringConvertible {
    package var description: String {
        let text =
            switch event {
            case .intent(let deadline): "intent, due in \(deadline / 1_000_000) ms"
            case .outcome(let outcome, let attempts): "\(outcome), attempts \(attempts)"
            case .delivery(let attempt, let redelivered):
                "delivered, attempt \(attempt)\(redelivered ? ", redelivered" : "")"
            case .damage: "a damaged body"
            case .restart: "restart"
            case .brokerKilled: "the broker was killed"
            }
        return "\(time / 1_000_000) ms \(id) \(text)"
    }
}
