internal import Glibc
internal import Synchronization

/// Whether this process is a child of fork(2) of one that used this library: its threads are gone and its locks may be held by
/// nobody, so that nothing of it can be used any more.
package enum Fork {
    private static let isInChild = Atomic(false)
    private static let registration: Void = {
        // Made before anybody can ask for it in a child, where a thread that was making it would be gone.
        _ = isInChild.load(ordering: .relaxed)
        // Fails for want of memory alone; then children are not told apart.
        _ = pthread_atfork(nil, nil) { Fork.isInChild.store(true, ordering: .relaxed) }
    }()

    /// Begins to look out for it. Children that were forked before are not noticed: nothing was there to be used.
    package static func watch() { _ = registration }

    /// A load of one byte.
    package static var isChild: Bool { isInChild.load(ordering: .relaxed) }
}
