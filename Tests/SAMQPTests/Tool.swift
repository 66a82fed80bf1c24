import Glibc
import TestSupport
import Testing

/// The samqp that was built together with these tests, as a child process.
final class Tool: Sendable {
    private let process: ChildProcess
    private let input: Locked<Int32>
    private let output: Locked<Int32>
    private let error: Int32
    private let arguments: [String]

    var pid: pid_t { process.pid }

    struct Ending: Sendable {
        /// 128 + the signal for a process that a signal ended.
        var exitCode: Int32
        var output: [UInt8]
        var error: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] {
            text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    /// Starts it. Its streams are pipes, whose ends in this process no other child inherits.
    init(_ arguments: [String], url: String? = nil) throws {
        self.arguments = arguments
        let (input, output, error) = (try Self.makePipe(), try Self.makePipe(), try Self.makePipe())
        defer { for end in [input.read, output.write, error.write] { close(end) } }
        var environment = ["PATH": environmentVariable("PATH") ?? "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]
        for name in ["LD_LIBRARY_PATH", "TSAN_OPTIONS", "ASAN_OPTIONS"] {
            if let value = environmentVariable(name) { environment[name] = value }
        }
        if let url { environment["AMQP_URL"] = url }
        process = try ChildProcess(
            [try Self.path()] + arguments, environment: environment,
            streams: .init(input: input.read, output: output.write, error: error.write))
        self.input = Locked(input.write)
        self.output = Locked(output.read)
        self.error = error.read
    }

    deinit {
        if process.isRunning { process.killAndWait() }
        closeInput()
        closeOutput()
        close(error)
    }

    /// Runs it to its end.
    @discardableResult
    static func run(_ arguments: [String], url: String? = nil, input: String = "") async throws -> Ending {
        let tool = try Tool(arguments, url: url)
        try await tool.write(input)
        tool.closeInput()
        return try await tool.end()
    }

    func signal(_ number: Int32) { process.signal(number) }

    // MARK: Streams

    /// Writes to its standard input.
    func write(_ text: String) async throws {
        let bytes = Array(text.utf8)
        let descriptor = input.withLock { $0 }
        try await offPool("input") { () throws(HarnessError) in
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
                }
                // It may have ended without reading; what it says then is what the test looks at.
                if count <= 0 { return }
                written += count
            }
        }
    }

    func closeInput() { Self.closeOnce(input) }

    /// Nobody reads its standard output from now on.
    func closeOutput() { Self.closeOnce(output) }

    /// Reads its standard output up to and with the next line feed, byte by byte.
    func readLine() async throws -> String {
        let descriptor = output.withLock { $0 }
        return try await offPool("line") { () throws(HarnessError) in
            let deadline = Deadline.after(.seconds(20))
            var line: [UInt8] = []
            while line.last != UInt8(ascii: "\n") {
                var polls = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
                var byte: UInt8 = 0
                guard poll(&polls, 1, deadline.milliseconds) > 0, read(descriptor, &byte, 1) == 1 else {
                    throw HarnessError(.timeout, "no whole line came: \(String(decoding: line, as: UTF8.self))")
                }
                line.append(byte)
            }
            return String(decoding: line.dropLast(), as: UTF8.self)
        }
    }

    /// Waits for its end without reading its output, as a reader that is stuck would.
    func waitUnread() async throws -> Int32 {
        try await offPool("wait") { [self] () throws(HarnessError) in
            guard let status = process.wait(until: .after(.seconds(30))) else { throw notEnded() }
            return exitCode(ofWaitStatus: status)
        }
    }

    /// Reads both streams to their end, and waits for the process.
    func end() async throws -> Ending {
        let output = output.withLock { $0 }
        return try await offPool("end") { [self] () throws(HarnessError) in
            let deadline = Deadline.after(.seconds(60))
            var contents: [[UInt8]] = [[], []]
            var polls = [output, error].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while polls.contains(where: { $0.fd >= 0 }) {
                if deadline.hasPassed { throw notEnded() }
                _ = poll(&polls, 2, deadline.milliseconds)
                for index in polls.indices where polls[index].fd >= 0 && polls[index].revents != 0 {
                    let count = read(polls[index].fd, &buffer, buffer.count)
                    if count > 0 { contents[index] += buffer[..<count] } else { polls[index].fd = -1 }
                }
            }
            guard let status = process.wait(until: deadline) else { throw notEnded() }
            return Ending(
                exitCode: exitCode(ofWaitStatus: status), output: contents[0],
                error: String(decoding: contents[1], as: UTF8.self))
        }
    }

    private func notEnded() -> HarnessError {
        HarnessError(.timeout, "samqp \(arguments.joined(separator: " ")) did not end")
    }

    private static func closeOnce(_ descriptor: Locked<Int32>) {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HarnessError(.system(errno: errno), "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A child that does not read must not end the tests.
        Glibc.signal(SIGPIPE, SIG_IGN)
        return (ends[0], ends[1])
    }

    /// It lies next to the bundle of the tests, whose path the runner is given.
    private static func path() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for path in CommandLine.arguments + [own] {
            guard let slash = path.lastIndex(of: "/") else { continue }
            let candidate = path[..<slash] + "/samqp"
            if access(String(candidate), X_OK) == 0 { return String(candidate) }
        }
        throw HarnessError(.notInstalled, "no samqp next to the tests: swift build --build-tests builds it")
    }
}

/// A queue for one test, gone afterwards.
func withQueue(_ body: (_ url: String, _ queue: String) async throws -> Void) async throws {
    let url = try await Broker.shared.url
    let queue = "samqp-test-\(getpid())-\(UInt64.random(in: 0..<(.max)))"
    let declared = try await Tool.run(["queue", "declare", "--queue", queue], url: url)
    try #require(declared.exitCode == 0, "\(declared.error)")
    let result: Result<Void, any Error>
    do { result = .success(try await body(url, queue)) } catch { result = .failure(error) }
    try await Tool.run(["queue", "delete", "--queue", queue], url: url)
    try result.get()
}

/// What `queue status` says: messages and consumers.
func status(of queue: String, url: String) async throws -> (messages: Int, consumers: Int) {
    let ending = try await Tool.run(["queue", "status", "--queue", queue], url: url)
    let words = ending.text.split(whereSeparator: \.isWhitespace)
    try #require(ending.exitCode == 0 && words.count == 5, "\(ending)")
    return (try #require(Int(words[1])), try #require(Int(words[3])))
}

/// Waits until somebody consumes from a queue.
func waitForConsumer(of queue: String, url: String) async throws {
    let deadline = Deadline.after(.seconds(20))
    while try await status(of: queue, url: url).consumers == 0 {
        try #require(!deadline.hasPassed, "nobody consumes from \(queue)")
    }
}
