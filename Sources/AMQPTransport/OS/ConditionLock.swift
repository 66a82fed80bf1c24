internal import CPlatform

/// A lock that threads can wait in until something has changed: for callers that have a thread and no task.
///
/// Never waited in by this package's own loop, and never on Swift's cooperative pool: a thread that waits there is missing.
///
/// Invariant of the pointers: allocated and initialised in `init`, never changed, destroyed in `deinit`. The value cannot be
/// copied and each operation borrows it, so none runs during or after `deinit`. They lie on the heap because their addresses
/// must not change while they are in use (pthread_cond_init(3p)).
package struct ConditionLock: ~Copyable, @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        _ = cplatform_mutex_init(mutex)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        _ = cplatform_cond_init(condition)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deinitialize(count: 1)
        mutex.deinitialize(count: 1)
        condition.deallocate()
        mutex.deallocate()
    }

    @inline(__always)
    package borrowing func lock() { _ = pthread_mutex_lock(mutex) }

    @inline(__always)
    package borrowing func unlock() { _ = pthread_mutex_unlock(mutex) }

    package borrowing func withLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body()
    }

    /// With the lock held: gives it up, waits, and takes it again. It may come back for no reason: look again.
    ///
    /// - Returns: Whether it is before `deadline` still.
    package borrowing func wait(until deadline: MonotonicTime) -> Bool {
        cplatform_cond_wait(condition, mutex, deadline.nanoseconds) == 0
    }

    /// Wakes one that waits. The lock need not be held.
    package borrowing func wakeOne() { _ = pthread_cond_signal(condition) }

    /// Wakes all that wait. The lock need not be held.
    package borrowing func wakeAll() { _ = pthread_cond_broadcast(condition) }
}
