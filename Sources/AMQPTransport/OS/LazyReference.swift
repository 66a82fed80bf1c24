public import Synchronization

/// A reference that is set once and then stays, for what is made when it is first asked for: where several threads do that at
/// once, what the first one made is everybody's.
///
/// As `AtomicLazyReference` of the standard library, whose functions stay calls into its library. The thread sanitizer does not
/// see there that who finds an object finds it as it was made, and reports races that are none; and looking costs a call.
/// Public for the same reason as ``Lock``.
///
/// Invariant of the pointer: 0, or that of an object with a reference that this value owns from then on until its end.
public struct LazyReference<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    @usableFromInline
    internal let address = Atomic<UInt>(0)

    @inlinable
    public init() {}

    deinit {
        guard let pointer = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return }
        Unmanaged<Object>.fromOpaque(pointer).release()
    }

    @inlinable @inline(__always)
    public borrowing func load() -> Object? { Self.object(address.load(ordering: .acquiring)) }

    /// Keeps `object` if there is none yet, and gives the one that is kept.
    @inlinable
    public borrowing func storeIfNil(_ object: Object) -> Object {
        let reference = Unmanaged.passRetained(object)
        let (_, found) = address.compareExchange(
            expected: 0, desired: UInt(bitPattern: reference.toOpaque()), ordering: .acquiringAndReleasing)
        guard let first = Self.object(found) else { return object }
        reference.release()
        return first
    }

    @inlinable @inline(__always)
    internal static func object(_ address: UInt) -> Object? {
        UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
    }
}
