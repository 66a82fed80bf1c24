import ArgumentParser
import Glibc
import SwiftAMQP
import TestSupport

/// The client under test as a process of its own, so that it can be killed, and so that its memory is its own.
///
/// It is told what to do by lines on its standard input: `load RUN GENERATION FILE` publishes and consumes and writes it
/// down in the file; `pause` ends that, when every publish has its outcome; the end of the input shuts the client down.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "The client under test as a process of its own.", shouldDisplay: false)

    @Option var url: String
    @Option var rate: Int
    @Flag(help: "Also declare and delete, request and answer.") var calls = false

    func run() async throws {
        let watchdog = try Watchdog()
        var endpoint = try AMQPConfiguration(url: url)
        endpoint.heartbeat = KillCommand.heartbeat
        endpoint.rpcTimeout = .seconds(5)
        var configuration = AMQPClientConfiguration(endpoint)
        configuration.attemptTimeout = .seconds(2) * Deadline.scale
        configuration.firstConnect = .keepTrying
        var topology = Load.topology
        if calls { topology.queues += Calls.topology.queues }
        let client = try AMQPClient(configuration: configuration, topology: topology)
        let log = Locked<CheckLog?>(nil)
        let consumers = try Consumers(client) { log.withLock { $0 } }
        let calling = Calls(client: client, watchdog: watchdog)
        if calls { try calling.answer() }

        var running: (load: Load, task: Task<Void, Never>)?
        var isEnding = false
        func pause() async {
            guard let (load, task) = running else { return }
            load.stop()
            await task.value
            running = nil
            for oddity in load.recorder.oddities.withLock({ $0 }) { say("fault \(oddity)") }
        }
        async let churning: Void = { if calls { await calling.run() } }()
        while !isEnding {
            let words = (await Self.nextLine() ?? "").split(separator: " ")
            switch words.first {
            case "load" where words.count == 4:
                guard let run = UInt64(words[1]), let generation = UInt32(words[2]) else { throw ExitCode.failure }
                let file = try CheckLog(run: run, file: String(words[3]), keepsRecords: false)
                log.withLock { $0 = file }
                let load = Load(
                    client: client, recorder: Recorder(log: file, watchdog: watchdog), run: run,
                    generation: generation, rate: rate, timeout: KillCommand.publishTimeout)
                running = (load, Task { await load.publish() })
            case "pause":
                await pause()
                say("paused")
            default: isEnding = true
            }
        }
        await pause()
        calling.stop()
        await churning
        if calls, calling.answered.withLock({ $0 }) == 0 { say("fault no request was ever answered") }
        if calls, calling.succeeded.withLock({ $0 }) == 0 { say("fault no call ever succeeded") }
        await watchdog.watch("shutdown", within: KillCommand.shutdownDeadline) {
            let report = await client.shutdown(deadline: KillCommand.shutdownDeadline)
            if report.isTimedOut { say("fault the shutdown was cut short: \(report)") }
        }
        for late in watchdog.overdue.prefix(20) { say("fault \(late)") }
        watchdog.stop()
        say(
            "\(consumers.consumers.reduce(0) { $0 + $1.counts.acked }) deliveries acknowledged, \(watchdog.count) operations"
        )
    }

    /// A line of the standard input; `nil` at its end. One character at a time: nobody reads ahead of a line.
    private static func nextLine() async -> String? {
        try? await offPool("input") { () throws(HarnessError) in
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            return nil
        }
    }
}
