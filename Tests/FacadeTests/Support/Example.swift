import Glibc
import TestSupport

/// The programs of examples/c or examples/cpp, built as their README says.
struct Examples: Sendable {
    /// Where the programs are.
    let folder: String

    /// A copy of the folder, which `make` and pkg-config build.
    static func made(_ language: String) async throws(HarnessError) -> Examples {
        let installed = try await InstalledLibrary.shared
        let folder = "\(Checkout.output)/examples-\(language)"
        let environment = InstalledLibrary.environment(["PKG_CONFIG_PATH": "\(installed.prefix)/lib/pkgconfig"])
        try await runOrThrow(
            ["cp", "-r", "\(Checkout.root)/examples/\(language)", folder], environment: environment,
            within: .seconds(20))
        try await runOrThrow(
            ["make", "--no-print-directory", "-C", folder], environment: environment, within: .seconds(120))
        return Examples(folder: folder)
    }

    /// The same by CMake, without a copy.
    static func madeByCMake(_ language: String) async throws(HarnessError) -> Examples {
        let prefix = try await InstalledLibrary.shared.prefix
        let folder = "\(Checkout.output)/examples-cmake-\(language)"
        let source = "\(Checkout.root)/examples/\(language)"
        try await runOrThrow(
            ["cmake", "-S", source, "-B", folder, "-DCMAKE_PREFIX_PATH=\(prefix)"],
            environment: InstalledLibrary.environment(), within: .seconds(120))
        try await runOrThrow(
            ["cmake", "--build", folder], environment: InstalledLibrary.environment(), within: .seconds(120))
        return Examples(folder: folder)
    }

    static func environment() async throws(HarnessError) -> [String: String] {
        InstalledLibrary.environment([
            "LD_LIBRARY_PATH": "\(try await InstalledLibrary.shared.prefix)/lib",
            "AMQP_URL": try await Broker.shared.url,
        ])
    }

    /// Runs one of them to its end, and gives its output; throws what it said if it fails.
    @discardableResult
    func run(_ name: String, _ arguments: String...) async throws(HarnessError) -> String {
        try await runOrThrow(
            ["\(folder)/\(name)"] + arguments, environment: try await Self.environment(), within: .seconds(60))
    }

    /// Starts one of them, and gives it to `body`. It is gone afterwards, whatever happened.
    func withRunning<Result: Sendable>(
        _ name: String, _ arguments: String..., body: (RunningExample) async throws -> Result
    ) async throws -> Result {
        let running = try RunningExample(["\(folder)/\(name)"] + arguments, environment: try await Self.environment())
        defer { running.stop() }
        return try await body(running)
    }
}

/// An example that runs.
final class RunningExample: Sendable {
    private let process: ChildProcess
    private let output: Int32

    fileprivate init(_ arguments: [String], environment: [String: String]) throws(HarnessError) {
        let pipe = try Pipe()
        defer { close(pipe.writeEnd) }
        output = pipe.readEnd
        do throws(HarnessError) {
            process = try ChildProcess(arguments, environment: environment, streams: .init(output: pipe.writeEnd))
        } catch {
            close(pipe.readEnd)
            throw error
        }
    }

    deinit { close(output) }

    func signal(_ number: Int32) { process.signal(number) }

    fileprivate func stop() { process.killAndWait() }

    /// Waits until it has written so many lines more.
    func expectLines(_ count: Int) async throws(HarnessError) {
        try await offPool("lines") { [output] () throws(HarnessError) in
            let deadline = Deadline.after(.seconds(60))
            var left = count
            var buffer = [UInt8](repeating: 0, count: 4096)
            while left > 0 {
                var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
                _ = poll(&watched, 1, deadline.milliseconds)
                guard watched.revents != 0 else {
                    throw HarnessError(.timeout, "\(left) lines of \(count) do not come")
                }
                let read = read(output, &buffer, buffer.count)
                guard read > 0 else { throw HarnessError(.timeout, "it ended \(left) lines too early") }
                left -= buffer[..<read].count { $0 == UInt8(ascii: "\n") }
            }
        }
    }

    /// Waits for its end, and gives its exit code.
    func end() async throws(HarnessError) -> Int32 {
        try await offPool("end") { [process] () throws(HarnessError) in
            guard let status = process.wait(until: .after(.seconds(60))) else {
                throw HarnessError(.timeout, "it does not end")
            }
            return exitCode(ofWaitStatus: status)
        }
    }
}
