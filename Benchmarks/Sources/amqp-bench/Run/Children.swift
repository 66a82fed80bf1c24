import Foundation

/// The programs of this package lie beside this one.
func sibling(_ name: String) -> URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent(name)
}

/// The other end, for as long as this object lives. It says in one line where it can be reached, and ends by itself when
/// its stdin does, so also when we are killed.
final class OtherEnd {
    let greeting: String
    private let process = Process()
    private let input = Pipe()

    init(_ program: URL, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), let value = byte.first, value != 10 {
            line.append(value)
        }
        greeting = String(decoding: line, as: UTF8.self)
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    static func sink() throws -> (end: OtherEnd, port: UInt16) {
        let end = try OtherEnd(sibling("amqp-sink"), [])
        let words = end.greeting.split(separator: " ")
        guard words.count == 2, words[0] == "port", let port = UInt16(words[1]) else {
            end.stop()
            throw BenchError.child("amqp-sink did not say on which port it listens")
        }
        return (end, port)
    }

    /// A node of our own, or the one of AMQP_URL; without RabbitMQ on this machine there is none, which the script says.
    static func broker() throws -> (end: OtherEnd, url: String)? {
        guard let script = ProcessInfo.processInfo.environment["SWIFTAMQP_WITH_BROKER"] else { return nil }
        let end = try OtherEnd(
            URL(fileURLWithPath: script), ["sh", "-c", #"printf '%s\n' "$AMQP_URL"; exec cat >/dev/null"#])
        guard !end.greeting.isEmpty else {
            end.stop()
            return nil
        }
        return (end, end.greeting)
    }
}

/// After this time a child is taken for hung: its figures would be worth nothing anyhow.
private let limit: TimeInterval = 60

/// Runs a program of this package to its end and gives what it printed.
func output(of program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Data {
    let process = Process()
    let output = Pipe()
    process.executableURL = sibling(program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.run()
    let pid = process.processIdentifier
    // Ended and not yet waited for below, so the id is still its own.
    let watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    watchdog.cancel()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        let how = process.terminationReason == .exit ? "status" : "signal"
        throw BenchError.child(
            "\(program) \(arguments.joined(separator: " ")): ended with \(how) \(process.terminationStatus)")
    }
    return data
}

extension Run {
    /// A work that lost or miscounted a message has no figures.
    func measure(port: UInt16? = nil, url: String? = nil) throws -> Measurement {
        var environment: [String: String] = [:]
        environment["AMQP_URL"] = url
        if countsAllocations { environment["LD_PRELOAD"] = sibling("liballocation-counter.so").path }
        let words = arguments(port: port)
        let data = try output(of: program, words, environment: environment)
        let measurement = try JSONDecoder().decode(Measurement.self, from: data)
        guard measurement.messages == count, measurement.bodyBytes == bodySize else {
            throw BenchError.child("\(program) \(words.joined(separator: " ")): measured something else")
        }
        return measurement
    }
}
