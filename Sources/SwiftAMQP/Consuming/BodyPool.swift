internal import AMQPTransport

/// Arrays of large bodies that a program has let go of, kept for the bodies that come next.
///
/// The loop's thread takes the memory of a body and another thread gives it up. glibc gives such pages back to the kernel at
/// once and asks for them again for the next body, which costs more than moving the bytes (*measured*: 1 MiB bodies).
///
/// An array that the program still holds a copy of may be in here: whoever takes it out empties it, and Swift makes new
/// memory for that where the old one is shared.
///
/// - Invariant: guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class BodyPool: @unchecked Sendable {
    /// Smaller bodies come from memory that the allocator keeps by itself.
    static let smallestBody = 128 << 10
    /// What is kept at most, for a second after the last activity of the connection.
    private static let maximumBytes = 16 << 20

    private let lock = Lock()
    private var bodies: [[UInt8]] = []
    private var bytes = 0

    /// An empty array with room for `size` bytes.
    func take(size: Int) -> [UInt8] {
        lock.lock()
        // The last one given back is the one whose pages are warm.
        let index = bodies.lastIndex { $0.capacity >= size && $0.capacity / 4 <= size }
        var taken = index.map { bodies.remove(at: $0) } ?? []
        bytes -= taken.capacity
        lock.unlock()
        if taken.capacity > 0 { taken.removeAll(keepingCapacity: true) }
        return taken
    }

    /// Keeps `body` for later, if there is room.
    func give(_ body: consuming [UInt8]) {
        let size = body.capacity
        lock.lock()
        guard size >= Self.smallestBody, size <= Self.maximumBytes - bytes else {
            lock.unlock()
            return
        }
        bytes += size
        bodies.append(body)
        lock.unlock()
    }

    /// Gives the memory back: the connection is idle.
    func trim() {
        lock.lock()
        let dropped = bodies
        bodies = []
        bytes = 0
        lock.unlock()
        _ = consume dropped
    }
}
