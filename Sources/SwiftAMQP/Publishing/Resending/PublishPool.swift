internal import Synchronization

/// Publishes that have ended and that nobody refers to any more, to be used again: a stream of them needs no memory then but what
/// it began with.
///
/// - Invariant: every publish in it is held by one reference, which goes with it in and out. The list that starts at `freed` is
///   added to by any thread, and taken as a whole, so that nobody ever looks at a publish that another one may have taken; the
///   list that starts at `ready` is guarded by the lock of the publisher. That is why the class is `@unchecked Sendable`.
final class PublishPool: @unchecked Sendable {
    typealias Element = Unmanaged<ResendingPublish>

    /// The address of the first, or 0.
    private let freed = Atomic<UInt>(0)
    /// About how many are there.
    private let freedCount = Atomic(0)
    @exclusivity(unchecked) private var ready: Element?

    /// More are not worth keeping.
    private static let most = 4096

    /// With the lock of the publisher held.
    @inline(__always)
    func take() -> Element? {
        if ready == nil { takeFreed() }
        guard let first = ready else { return nil }
        ready = first._withUnsafeGuaranteedRef { $0.nextInPool }
        return first
    }

    private func takeFreed() {
        guard freed.load(ordering: .relaxed) != 0 else { return }
        freedCount.store(0, ordering: .relaxed)
        ready = Self.element(freed.exchange(0, ordering: .acquiring))
    }

    /// Any thread.
    ///
    /// - Parameter publish: Nobody else refers to it.
    func put(_ publish: Element) {
        // Inexact where two do it at once: it is a measure, not a limit.
        let count = freedCount.load(ordering: .relaxed)
        guard count < Self.most else { return publish.release() }
        freedCount.store(count + 1, ordering: .relaxed)
        let address = UInt(bitPattern: publish.toOpaque())
        var first = freed.load(ordering: .relaxed)
        while true {
            publish._withUnsafeGuaranteedRef { $0.nextInPool = Self.element(first) }
            let (isPut, found) = freed.weakCompareExchange(
                expected: first, desired: address, ordering: .acquiringAndReleasing)
            if isPut { return }
            first = found
        }
    }

    private static func element(_ address: UInt) -> Element? {
        UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0) }
    }

    deinit {
        while let publish = take() { publish.release() }
    }
}
