import Foundation

/// The programs of this package lie beside this one.
private func sibling(_ name: String) -> URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent(name)
}

/// The other end, for as long as this object lives. It ends by itself when its stdin does, so also when we are killed.
final class Sink {
    let port: UInt16
    private let process = Process()
    private let input = Pipe()

    init() throws {
        let output = Pipe()
        process.executableURL = sibling("amqp-sink")
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), let value = byte.first, value != 10 {
            line.append(value)
        }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count == 2, words[0] == "port", let port = UInt16(words[1]) else {
            throw BenchError.child("amqp-sink did not say on which port it listens")
        }
        self.port = port
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

extension Run {
    /// After this time a child is taken for hung: its figures would be worth nothing anyhow.
    private static let limit: TimeInterval = 120

    /// Runs the child to its end and reads its figures. A work that lost or miscounted a message has none.
    func measure(port: UInt16) throws -> Measurement {
        let words = command(port: port)
        let process = Process()
        let output = Pipe()
        process.executableURL = sibling(words[0])
        process.arguments = Array(words.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        let pid = process.processIdentifier
        // Ended and not yet waited for below, so the id is still its own.
        let watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.limit, execute: watchdog)
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        watchdog.cancel()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let how = process.terminationReason == .exit ? "status" : "signal"
            throw BenchError.child("\(words.joined(separator: " ")): ended with \(how) \(process.terminationStatus)")
        }
        let measurement = try JSONDecoder().decode(Measurement.self, from: data)
        guard measurement.messages == count, measurement.bodyBytes == Self.bodySize else {
            throw BenchError.miscounted("\(words.joined(separator: " ")): measured something else")
        }
        return measurement
    }
}
