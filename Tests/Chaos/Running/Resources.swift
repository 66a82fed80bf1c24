import TestSupport

/// What a process must not have more of afterwards than before.
struct Resources: Sendable, CustomStringConvertible {
    var threads: Int
    var descriptors: Int

    /// What there is before something is tried, with what the first sleep of a process starts for good.
    static func baseline() async throws -> Resources {
        try? await Task.sleep(for: .milliseconds(10))
        return try now()
    }

    private static func now() throws(HarnessError) -> Resources {
        Resources(threads: try ProcessCounts.threads(), descriptors: try ProcessCounts.descriptors())
    }

    var description: String { "\(threads) threads, \(descriptors) descriptors" }

    /// Waits until there is no more of anything than in `self`, which takes threads that end a moment. What is left over,
    /// if it does not come to that.
    func leak(within duration: Duration = .seconds(5)) async throws -> String? {
        let deadline = Deadline.after(duration)
        while true {
            let now = try Resources.now()
            if now.threads <= threads && now.descriptors <= descriptors { return nil }
            if deadline.hasPassed { return "left over: \(now) instead of \(self)" }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
