public import CPlatform

/// A mutual exclusion lock; the one type of this package that knows which.
///
/// It is a pthread mutex and not `Synchronization.Mutex` because ThreadSanitizer does not see the futex calls of the
/// latter and reports races that are none, and because on Linux that one is a priority-inheritance futex whose contended
/// path goes through the kernel for every hand-over. TSan intercepts `pthread_mutex_*`.
///
/// Not recursive. Not fair.
///
/// Public, though no product exports this module: Swift 6.3.1 inlines nothing that is `@inlinable package` into another
/// module. Measured there, uncontended, with the time of a whole critical section: 18.8 ns so, 21 ns as `package`, for the
/// closure stays a generic call; 18.8 ns `Synchronization.Mutex`; a plain instead of an adaptive pthread mutex 18.8 ns.
///
/// Invariant of the pointer: it is allocated and initialised in `init`, never changes, and is destroyed and freed in
/// `deinit`. The value cannot be copied and each operation borrows it, so none runs during or after `deinit`. The mutex
/// lives on the heap because its address must not change while it is in use (pthread_mutex_init(3p)), and a stored
/// property of Swift has no address that is stable by contract.
public struct Lock: ~Copyable, @unchecked Sendable {
    @usableFromInline
    internal let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        // On Linux this fails for attributes it does not know only, and leaves the zeroed - valid, plain - mutex then.
        _ = cplatform_mutex_init(mutex)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    // The results are ignored: of a mutex that is neither recursive, error-checking nor robust, locking cannot fail.

    @inlinable @inline(__always)
    public borrowing func lock() { _ = pthread_mutex_lock(mutex) }

    @inlinable @inline(__always)
    public borrowing func unlock() { _ = pthread_mutex_unlock(mutex) }

    @inlinable @inline(__always)
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body()
    }
}
