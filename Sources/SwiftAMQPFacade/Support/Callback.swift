internal import Glibc

/// Knows whether the present thread is inside a callback of the caller, where nothing may wait.
enum Callback {
    /// A slot of each thread; -1 if the process has none left, and then callbacks are not told apart.
    ///
    /// POSIX promises no more than an opaque number, which on Linux is unsigned (pthread_key_create(3p)).
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    static var isRunningOnThisThread: Bool {
        guard let key else { return false }
        return pthread_getspecific(key) != nil
    }

    /// Calls `body`, which calls into the program.
    static func run(_ body: () -> Void) {
        guard let key else { return body() }
        let before = UnsafeRawPointer(pthread_getspecific(key))
        // Any address will do.
        pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
        body()
        pthread_setspecific(key, before)
    }
}
