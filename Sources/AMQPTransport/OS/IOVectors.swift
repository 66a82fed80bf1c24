internal import Glibc

/// A list of pieces of memory for one ``Socket/sendmsg(_:_:)``; allocated once and filled again and again.
///
/// Invariants: `base` is allocated for `capacity` elements in `init` and freed in `deinit`; the first `count` are
/// initialised (`iovec` is trivial, so nothing is to be deinitialised). It borrows what it points to: whoever appends a
/// piece keeps it alive and unchanged until ``removeAll()`` or the last send, whichever comes first.
package struct IOVectors: ~Copyable, @unchecked Sendable {
    let base: UnsafeMutablePointer<iovec>
    private let capacity: Int
    package private(set) var count = 0
    /// The sum of the lengths, at most `Int.max`, as sendmsg(2) demands.
    package private(set) var byteCount = 0

    /// - Parameter capacity: cut to 1...1024; more than IOV_MAX pieces are refused by the kernel (EMSGSIZE).
    package init(capacity: Int) {
        self.capacity = min(max(capacity, 1), 1024)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    package var isFull: Bool { count == capacity }

    /// Adds a piece; `false`, and nothing is added, if there is no room for it. An empty piece needs none.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
        let (sum, overflow) = byteCount.addingReportingOverflow(bytes.count)
        guard !isFull, !overflow else { return false }
        // The kernel only reads; iov_base is not const because recvmsg shares the type.
        (base + count).initialize(
            to: iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: bytes.count))
        count += 1
        byteCount = sum
        return true
    }

    package mutating func removeAll() {
        count = 0
        byteCount = 0
    }
}
