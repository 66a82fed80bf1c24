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
        // Those of libdispatch's pool come and go as the runtime likes, and there are never more than it wants.
        let threads = entries("/proc/self/task").filter { thread in
            guard let name = try? readTextFile("/proc/self/task/\(thread)/comm") else { return false }
            return !name.contains("-qos")
        }
        return Resources(threads: threads.count, descriptors: entries("/proc/self/fd").count)
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

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}

/// The memory of this process that is in RAM, in bytes.
func residentMemory() -> Int {
    let fields = (try? readTextFile("/proc/self/statm"))?.split(separator: " ") ?? []
    let pages = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
}
