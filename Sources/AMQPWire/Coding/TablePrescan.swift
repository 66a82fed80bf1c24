/// Checks a table from the network before rabbitmq-c sees it: that everything lies within its container, that all
/// kinds are known, and how deep it is. rabbitmq-c recurses without a limit, and lets a nested table run past the end
/// of the one it lies in.
enum TablePrescan {
    /// Walks through the table that begins at `offset` of `bytes`, without recursion and without allocating.
    ///
    /// - Returns: where the table ends.
    static func check(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, limits: WireLimits
    ) throws(WireError) -> Int {
        guard offset >= 0, offset <= bytes.count else { throw truncated() }
        var failure: WireError?
        var end = 0
        // One Int a level: where the container ends, and in the lowest bit whether it is a table.
        withUnsafeTemporaryAllocation(of: Int.self, capacity: WireLimits.highestTableDepth) { stack in
            do throws(WireError) {
                end = try walk(bytes, from: offset, stack: stack, maxDepth: min(limits.maxTableDepth, stack.count))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return end
    }

    private static func walk(
        _ bytes: UnsafeRawBufferPointer, from offset: Int, stack: UnsafeMutableBufferPointer<Int>, maxDepth: Int
    ) throws(WireError) -> Int {
        var position = offset
        let outermost = try length(bytes, at: &position, limit: bytes.count)
        let tableEnd = position + outermost
        var depth = 1
        stack[0] = tableEnd << 1 | 1

        while depth > 0 {
            let container = stack[depth - 1]
            let end = container >> 1
            // Nothing below ever steps over `end`, so this also is "not less than".
            if position == end {
                depth -= 1
                continue
            }
            if container & 1 == 1 {
                let keyLength = Int(bytes[position])
                guard end - position - 1 >= keyLength else { throw truncated() }
                position += 1 + keyLength
                guard position < end else { throw truncated() }
            }
            guard let kind = FieldKind(rawValue: bytes[position]) else { throw unknown(bytes[position]) }
            position += 1
            if let size = kind.fixedSize {
                guard end - position >= size else { throw truncated() }
                position += size
                continue
            }
            let size = try length(bytes, at: &position, limit: end)
            guard kind == .table || kind == .array else {
                position += size
                continue
            }
            guard depth < maxDepth else { throw tooDeep(maxDepth) }
            stack[depth] = (position + size) << 1 | (kind == .table ? 1 : 0)
            depth += 1
        }
        return tableEnd
    }

    /// Reads a length, and checks that so many bytes follow it before `limit`.
    private static func length(
        _ bytes: UnsafeRawBufferPointer, at position: inout Int, limit: Int
    ) throws(WireError) -> Int {
        guard limit - position >= 4 else { throw truncated() }
        let length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        position += 4
        guard let size = Int(exactly: length), limit - position >= size else { throw truncated() }
        return size
    }

    @inline(never) private static func truncated() -> WireError {
        WireError(.syntaxError, "a table, or something in it, is longer than the space it lies in")
    }

    @inline(never) private static func unknown(_ kind: UInt8) -> WireError {
        WireError(.syntaxError, "a table holds a value of unknown kind \(kind)")
    }

    @inline(never) private static func tooDeep(_ limit: Int) -> WireError {
        WireError(.syntaxError, "a table is nested deeper than \(limit) levels")
    }
}
