import Glibc
import TestSupport

/// What a process must not have more of afterwards than before.
struct Resources: Sendable, CustomStringConvertible {
    var threads: Int
    var descriptors: Int

    /// What there is before something is tried, with what the first sleep of a process starts for good.
    static func baseline() async -> Resources {
        try? await Task.sleep(for: .milliseconds(10))
        return now()
    }

    private static func now() -> Resources {
        Resources(threads: entries("/proc/self/task"), descriptors: entries("/proc/self/fd"))
    }

    var description: String { "\(threads) threads, \(descriptors) descriptors" }

    /// Waits until there is no more of anything than in `self`, which takes threads that end a moment. What is left over,
    /// if it does not come to that.
    func leak(within duration: Duration = .seconds(5)) async -> String? {
        let deadline = Deadline.after(duration)
        while true {
            let now = Resources.now()
            if now.threads <= threads && now.descriptors <= descriptors { return nil }
            if deadline.hasPassed { return "left over: \(now) instead of \(self)" }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func entries(_ path: String) -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}

/// The memory of this process that is in RAM, in bytes.
func residentMemory() -> Int {
    let fields = (try? readTextFile("/proc/self/statm"))?.split(separator: " ") ?? []
    let pages = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
}
