import Glibc
import TestSupport
import Testing

/// What this process has, from /proc/self.
enum ProcessCounts {
    static func threads() throws -> Int { try count("/proc/self/task") }
    static func descriptors() throws -> Int { try count("/proc/self/fd") }

    /// What each descriptor stands for.
    static func openFiles() -> [String] {
        (0..<Int32(4096)).compactMap { descriptor in
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
            guard count > 0 else { return nil }
            let text = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return "\(descriptor) \(text)"
        }
    }

    /// Bytes of memory that are in use now.
    static func resident() throws -> Int { try memory("VmRSS:") }

    /// The most that was in use since ``resetPeak()``.
    static func peakResident() throws -> Int { try memory("VmHWM:") }

    /// Lets the peak begin anew (proc(5), clear_refs).
    static func resetPeak() throws {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HarnessError(.system(errno: errno), "/proc/self/clear_refs") }
        defer { close(descriptor) }
        guard write(descriptor, "5", 1) == 1 else { throw HarnessError(.system(errno: errno), "/proc/self/clear_refs") }
    }

    private static func memory(_ name: String) throws -> Int {
        for line in try readTextFile("/proc/self/status").split(separator: "\n") where line.hasPrefix(name) {
            if let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return number * 1024
            }
        }
        throw HarnessError(.malformed, "/proc/self/status has no \(name)")
    }

    private static func count(_ path: String) throws -> Int {
        guard let directory = opendir(path) else { throw HarnessError(.system(errno: errno), path) }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}

/// What the process had before something that has to give everything back, also memory.
struct Footprint {
    /// What memory may grow by while a hostile peer does what it can.
    static let allowance = 32 << 20

    let threads: Int
    let descriptors: Int
    let resident: Int

    /// Counts what the whole process has, so no other test may run beside it: `make test` runs them one at a time.
    init() async throws {
        // The loop, Swift's pool and the resolver take what they keep; libdispatch has a descriptor for each clock.
        try await withFakeConnection([.closeOK]) { _ in }
        try await Task.sleep(for: .milliseconds(1), clock: .continuous)
        try await Task.sleep(for: .milliseconds(1), clock: .suspending)
        try ProcessCounts.resetPeak()
        threads = try ProcessCounts.threads()
        descriptors = try ProcessCounts.descriptors()
        resident = try ProcessCounts.resident()
    }

    /// Expects threads and descriptors as before, and that memory never grew by more than the allowance meanwhile.
    func expectRestored(
        _ what: String, peakAllowance: Int = Self.allowance, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        do {
            try await until("the descriptors") { (try? ProcessCounts.descriptors()) ?? .max <= descriptors }
        } catch {
            let open = ProcessCounts.openFiles().joined(separator: ", ")
            throw HarnessError(.timeout, "\(what): \(descriptors) descriptors before, and now these: \(open)")
        }
        // Swift's pool may start its own thread for each core at any time; nothing else may stay.
        try await until("the threads to end after \(what)") { (try? ProcessCounts.threads()) ?? .max <= threads + 2 }
        // A sanitizer keeps what is freed, and a shadow of everything.
        guard Deadline.scale == 1 else { return }
        let growth = try ProcessCounts.peakResident() - resident
        #expect(growth <= peakAllowance, "\(what): memory grew by \(growth >> 10) KiB", sourceLocation: sourceLocation)
    }
}
