internal import Glibc

/// Bytes that wait to be written, in order: a growing block, with large bodies held beside it instead of copied in.
///
/// Owns its block: `~Copyable`, freed with the value. Not thread-safe; the stream guards it with its lock or with the
/// writer token.
struct OutboxBuffer: ~Copyable {
    /// A body that stands between two bytes of the block.
    struct HeldBody {
        /// How many bytes of the block come before it.
        let position: Int
        let bytes: [UInt8]
        let range: Range<Int>

        /// Whether both are parts of one array.
        func isPart(of other: HeldBody) -> Bool {
            bytes.withUnsafeBufferPointer { $0.baseAddress } == other.bytes.withUnsafeBufferPointer { $0.baseAddress }
        }
    }

    /// Where a writer is: so many bytes of the block, so many held bodies, so many bytes of the next held body.
    private struct Cursor {
        var block = 0
        var body = 0
        var bodyOffset = 0
    }

    private var block: UnsafeMutableRawPointer?
    private var capacity = 0
    private var count = 0
    private var bodies: [HeldBody] = []
    private var cursor = Cursor()
    /// How many bytes are still to be written, held bodies included.
    private(set) var remaining = 0

    /// The first allocation; small enough for malloc's arenas, large enough for a useful `send`.
    static let blockSize = 64 << 10
    /// How many pieces one `sendmsg` takes.
    private static let maximumPieces = 64
    /// A block that grew beyond this in a burst is given back when it is empty.
    private static let keptCapacity = 256 << 10

    deinit { free(block) }

    var isEmpty: Bool { remaining == 0 }

    /// Room for `byteCount` bytes at the end, to be filled before the next call and then counted with ``commit(_:)``.
    mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        if capacity &- count < byteCount { grow(byteCount) }
        guard let block else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(start: block + count, count: capacity - count)
    }

    mutating func commit(_ byteCount: Int) {
        count &+= byteCount
        remaining &+= byteCount
    }

    /// False if memory ran out; nothing was appended then.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return true }
        let target = reserve(bytes.count)
        guard let base = target.baseAddress, target.count >= bytes.count else { return false }
        memcpy(base, source, bytes.count)
        commit(bytes.count)
        return true
    }

    /// The last `byteCount` bytes, if none of them was written and no held body stands among or behind them; else empty.
    func last(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        guard let block, byteCount <= count - cursor.block, bodies.last?.position ?? 0 <= count - byteCount else {
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeMutableRawBufferPointer(start: block + (count - byteCount), count: byteCount)
    }

    /// Holds a part of a body in place of a copy.
    mutating func hold(_ bytes: [UInt8], _ range: Range<Int>) {
        let clamped = range.clamped(to: 0..<bytes.count)
        guard !clamped.isEmpty else { return }
        bodies.append(HeldBody(position: count, bytes: bytes, range: clamped))
        remaining &+= clamped.count
    }

    /// Hands the next bytes to the kernel with one call and advances by what it took.
    ///
    /// The pieces of one call come from the block and from one held body, so that one array is pinned at a time.
    mutating func write(to fd: Int32) -> IOResult {
        let result: IOResult
        if let held = currentBody {
            result = held.bytes.withUnsafeBytes { pointer in
                var vectors = IOVectors(capacity: Self.maximumPieces)
                gather(into: &vectors, held, pointer)
                return Socket.sendmsg(fd, vectors)
            }
        } else {
            result = Socket.send(fd, piece(from: cursor.block, to: count))
        }
        if case .bytes(let written) = result { advance(written) }
        return result
    }

    /// Calls `body` with the next bytes that lie together, at most `maximum`, and advances by what it took.
    mutating func takeNext<Failure: Error>(
        maximum: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let taken: Int
        let position = cursor
        if let held = currentBody, position.block == held.position {
            let lower = held.range.lowerBound + position.bodyOffset
            let upper = min(held.range.upperBound, lower + maximum)
            // `withUnsafeBytes` loses the type of what is thrown, so the outcome is carried out by hand.
            let outcome: Result<Int, Failure> = held.bytes.withUnsafeBytes { pointer in
                do throws(Failure) {
                    return .success(try body(UnsafeRawBufferPointer(rebasing: pointer[lower..<upper])))
                } catch {
                    return .failure(error)
                }
            }
            taken = try outcome.get()
        } else {
            let end = currentBody?.position ?? count
            taken = try body(piece(from: position.block, to: min(end, position.block + maximum)))
        }
        advance(taken)
        return taken
    }

    /// Counts `written` bytes as gone.
    mutating func advance(_ written: Int) {
        remaining &-= written
        if cursor.body == bodies.count {
            cursor.block &+= written
        } else {
            advanceAcrossBodies(written)
        }
        if remaining == 0 { reset() }
    }

    /// Gives the memory of an empty buffer back.
    mutating func trim() {
        guard remaining == 0 else { return }
        free(block)
        block = nil
        capacity = 0
        count = 0
        bodies = []
        cursor = Cursor()
    }

    /// Drops everything: the stream is closed, and nobody will write it.
    mutating func discard() {
        remaining = 0
        trim()
    }

    // MARK: Inside

    private var currentBody: HeldBody? { cursor.body < bodies.count ? bodies[cursor.body] : nil }

    private func piece(from lower: Int, to upper: Int) -> UnsafeRawBufferPointer {
        guard let block, upper > lower else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: block + lower, count: upper - lower)
    }

    /// Block bytes before the held body, a part of the body, the block bytes behind it, and so on, as long as the
    /// parts are of the same array.
    private func gather(into vectors: inout IOVectors, _ first: HeldBody, _ pointer: UnsafeRawBufferPointer) {
        var position = cursor
        while position.body < bodies.count {
            let held = bodies[position.body]
            guard vectors.append(piece(from: position.block, to: held.position)) else { return }
            position.block = held.position
            guard held.isPart(of: first) else { return }
            let lower = held.range.lowerBound + position.bodyOffset
            guard vectors.append(UnsafeRawBufferPointer(rebasing: pointer[lower..<held.range.upperBound])) else {
                return
            }
            position.body += 1
            position.bodyOffset = 0
        }
        _ = vectors.append(piece(from: position.block, to: count))
    }

    private mutating func advanceAcrossBodies(_ written: Int) {
        var left = written
        while left > 0 {
            guard let held = currentBody else {
                cursor.block += left
                return
            }
            let blockPart = min(left, held.position - cursor.block)
            cursor.block += blockPart
            left -= blockPart
            let bodyPart = min(left, held.range.count - cursor.bodyOffset)
            cursor.bodyOffset += bodyPart
            left -= bodyPart
            if cursor.bodyOffset == held.range.count {
                cursor.body += 1
                cursor.bodyOffset = 0
            }
        }
    }

    private mutating func reset() {
        count = 0
        cursor = Cursor()
        if !bodies.isEmpty { bodies.removeAll(keepingCapacity: bodies.count <= 64) }
        if capacity > Self.keptCapacity {
            free(block)
            block = nil
            capacity = 0
        }
    }

    private mutating func grow(_ byteCount: Int) {
        var wanted = max(capacity, Self.blockSize)
        while wanted - count < byteCount { wanted *= 2 }
        guard let larger = realloc(block, wanted) else { return }
        block = larger
        capacity = wanted
    }
}
