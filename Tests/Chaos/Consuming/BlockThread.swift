import Glibc

/// Keeps the thread for this long, as code does that knows nothing of tasks.
func blockThread(for duration: Duration) {
    let deadline = ContinuousClock.now + duration
    while ContinuousClock.now < deadline { usleep(10_000) }
}
