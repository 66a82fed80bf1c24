/// How a direction of a connection ends.
enum StreamEnd: Sendable, Hashable {
    /// This direction only, as the sender did.
    case halfClose
    /// Both directions, in good order.
    case finish
    /// Both directions, by a reset.
    case reset
}

/// The bytes of one direction between reading and writing, with what shall happen among them. A value without a socket
/// or a clock: it is told the time.
struct StreamQueue: Sendable {
    /// What to do next.
    enum Step: Sendable, Equatable {
        /// Write these bytes, or some of them, and say so by `sent`. After a whole piece others have their turn.
        case send(ArraySlice<UInt8>)
        case wait(until: UInt64)
        /// A gate is closed, or there is nothing.
        case idle
        case end(StreamEnd)
    }

    private enum Item: Sendable {
        case bytes(ArraySlice<UInt8>, due: UInt64, segment: Int?)
        case gate(Int)
        case end(StreamEnd, due: UInt64)
    }

    private var items: [Item] = []
    private var head = 0
    private var bucket: TokenBucket?
    /// How many bytes wait.
    private(set) var byteCount = 0

    var isEmpty: Bool { head == items.count }

    mutating func push(_ bytes: ArraySlice<UInt8>, due: UInt64 = 0, segment: Int? = nil) {
        if bytes.isEmpty { return }
        byteCount += bytes.count
        items.append(.bytes(bytes, due: due, segment: segment))
    }

    mutating func push(end: StreamEnd, due: UInt64 = 0) { items.append(.end(end, due: due)) }

    /// What is pushed after it waits until the gate is opened.
    mutating func push(gate: Int) { items.append(.gate(gate)) }

    /// Opens the gates with this number, or all.
    mutating func open(gate: Int? = nil) {
        items = items[head...].filter { item in
            if case .gate(let number) = item { gate != nil && number != gate } else { true }
        }
        head = 0
    }

    mutating func removeAll() {
        items = []
        head = 0
        byteCount = 0
    }

    mutating func next(now: UInt64, shape: StreamShape) -> Step {
        guard head < items.count else { return .idle }
        switch items[head] {
        case .gate: return .idle
        case .end(let end, let due): return due > now ? .wait(until: due) : .end(end)
        case .bytes(let bytes, let due, let segment):
            if due > now { return .wait(until: due) }
            var count = bytes.count
            if let limit = segment ?? shape.maximumSegment { count = min(count, max(limit, 1)) }
            if let rate = shape.bytesPerSecond {
                if bucket?.rate != max(rate, 1) { bucket = TokenBucket(bytesPerSecond: rate, now: now) }
                let wanted = count
                count = bucket?.available(wanted, now: now) ?? wanted
                if count == 0 { return .wait(until: bucket?.refill(wanted) ?? now) }
            } else {
                bucket = nil
            }
            return .send(bytes.prefix(count))
        }
    }

    /// So many bytes of the first item have been written.
    mutating func sent(_ count: Int) {
        guard head < items.count, case .bytes(let bytes, let due, let segment) = items[head] else { return }
        byteCount -= count
        bucket?.take(count)
        if count >= bytes.count {
            dropHead()
        } else {
            items[head] = .bytes(bytes.dropFirst(count), due: due, segment: segment)
        }
    }

    /// Whether the first bytes go in small pieces.
    func isChopped(shape: StreamShape) -> Bool {
        guard head < items.count, case .bytes(_, _, let segment) = items[head] else { return false }
        return segment != nil || shape.maximumSegment != nil
    }

    private mutating func dropHead() {
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024 {
            items.removeFirst(head)
            head = 0
        }
    }
}
