import Glibc

/// What this process has, from /proc/self.
package enum ProcessCounts {
    /// How many threads there are, but for those of libdispatch's pool: they come and go as the runtime likes, and there
    /// are never more than it wants.
    package static func threads() throws(HarnessError) -> Int { try threadNames().count { !$0.contains("-qos") } }

    /// The names of the threads that begin with `prefix`.
    package static func threadNames(_ prefix: String = "") throws(HarnessError) -> [String] {
        try entries(of: "/proc/self/task").compactMap { thread in
            // One that has ended meanwhile has no name any more.
            guard let name = try? readTextFile("/proc/self/task/\(thread)/comm") else { return nil }
            return name.hasPrefix(prefix) ? String(name.prefix { $0 != "\n" }) : nil
        }
    }

    package static func descriptors() throws(HarnessError) -> Int { try openDescriptors().count }

    /// All of them, with the one that this itself reads with.
    package static func openDescriptors() throws(HarnessError) -> [Int32] {
        try entries(of: "/proc/self/fd").compactMap { Int32($0) }
    }

    /// What each descriptor stands for.
    package static func openFiles() throws(HarnessError) -> [String] {
        try openDescriptors().compactMap { descriptor in
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
            guard count > 0 else { return nil }
            let text = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return "\(descriptor) \(text)"
        }
    }

    /// Bytes of memory that are in use now.
    package static func resident() throws(HarnessError) -> Int { try memory("VmRSS:") }

    /// The most that was in use since ``resetPeak()``.
    package static func peakResident() throws(HarnessError) -> Int { try memory("VmHWM:") }

    /// Lets the peak begin anew (proc(5), clear_refs).
    package static func resetPeak() throws(HarnessError) {
        let descriptor = try check(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), "open /proc/self/clear_refs")
        defer { close(descriptor) }
        try check(Int32(write(descriptor, "5", 1)), "write /proc/self/clear_refs")
    }

    private static func memory(_ name: String) throws(HarnessError) -> Int {
        for line in try readTextFile("/proc/self/status").split(separator: "\n") where line.hasPrefix(name) {
            let fields = line.split { $0 == " " || $0 == "\t" }
            if fields.count > 1, let number = Int(fields[1]) { return number * 1024 }
        }
        throw HarnessError(.malformed, "/proc/self/status has no \(name)")
    }
}
