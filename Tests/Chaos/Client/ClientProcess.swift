import Glibc
import TestSupport

/// A ``ClientCommand`` that this process started. It ends when its input does, so it does not outlive this process.
final class ClientProcess: Sendable {
    private let process: ChildProcess
    private let input: Int32
    private let output: Int32
    private let rest = Locked<[UInt8]>([])
    private let isClosed = Locked(false)

    init(url: String, rate: Int, calls: Bool = false) throws(HarnessError) {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { throw HarnessError(.system(errno: errno), "readlink /proc/self/exe") }
        let program = String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var arguments = [program, "client", "--url", url, "--rate", "\(rate)"]
        if calls { arguments.append("--calls") }
        var environment = ["PATH": environmentVariable("PATH") ?? "/usr/bin:/bin"]
        for name in ["SWIFTAMQP_TEST_DEADLINE_SCALE", "LD_LIBRARY_PATH", "SWIFT_BACKTRACE"] {
            environment[name] = environmentVariable(name)
        }
        let toChild = try Pipe()
        defer { close(toChild.readEnd) }
        let fromChild = try Pipe()
        defer { close(fromChild.writeEnd) }
        input = toChild.writeEnd
        output = fromChild.readEnd
        process = try ChildProcess(
            arguments, environment: environment,
            streams: .init(input: toChild.readEnd, output: fromChild.writeEnd, error: STDERR_FILENO))
    }

    deinit {
        closeInput()
        close(output)
        process.killAndWait()
    }

    /// Has it publish and consume, and write that down in a file.
    func load(run: UInt64, generation: Int, file: String) { tell("load \(run) \(generation) \(file)") }

    /// Waits until every publish has its outcome. What the client complains of.
    func pause(within duration: Duration) async throws -> [String] {
        tell("pause")
        return try await lines(until: "paused", within: duration)
    }

    /// Shuts it down. What the client complains of, and how it ended if not well.
    func end(within duration: Duration) async throws -> [String] {
        closeInput()
        var complaints = try await lines(until: nil, within: duration)
        let status = try await offPool("client") { [process] () throws(HarnessError) in
            process.wait(until: .after(duration))
        }
        if status != 0 {
            complaints.append("the client ended with status \(status.map { exitCode(ofWaitStatus: $0) } ?? -1)")
        }
        return complaints
    }

    /// Ends it with SIGKILL.
    func kill() { process.killAndWait() }

    /// Bytes of memory that it uses now.
    var residentMemory: Int {
        let fields = (try? readTextFile("/proc/\(process.pid)/statm"))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }

    private func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // It fails only where the client has ended, which shows when its answer does not come.
        _ = send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func closeInput() {
        isClosed.withLock { isClosed in
            if !isClosed { close(input) }
            isClosed = true
        }
    }

    /// Reads up to a line, or to the end, and gives the complaints; other lines are printed.
    private func lines(until last: String?, within duration: Duration) async throws -> [String] {
        try await offPool("client") { [output, rest] () throws(HarnessError) in
            let deadline = Deadline.after(duration)
            var complaints: [String] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                while let line = rest.withLock({ Self.cutLine(&$0) }) {
                    if line == last { return complaints }
                    if line.hasPrefix("fault ") {
                        complaints.append(String(line.dropFirst(6)))
                    } else {
                        say("client: \(line)")
                    }
                }
                var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
                guard poll(&polled, 1, deadline.milliseconds) > 0 else {
                    if deadline.hasPassed {
                        throw HarnessError(.timeout, "the client did not say '\(last ?? "end")' in time")
                    }
                    continue
                }
                let count = read(output, &buffer, buffer.count)
                if count > 0 {
                    rest.withLock { $0 += buffer[..<count] }
                } else if count == 0 {
                    if last == nil { return complaints }
                    throw HarnessError(.stopped, "the client ended by itself; it complained of \(complaints)")
                }
            }
        }
    }

    private static func cutLine(_ bytes: inout [UInt8]) -> String? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { bytes.removeSubrange(...end) }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
