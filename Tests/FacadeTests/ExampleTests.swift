import Glibc
import SwiftAMQP
import TestSupport
import Testing

@Suite("Examples in C and C++", .serialized, .timeLimit(.minutes(20)))
struct ExampleTests {
    static let languages = ["c", "cpp"]

    @Test("built by make and pkg-config, they do what they say", arguments: languages)
    func make(language: String) async throws {
        let examples = try await Examples.made(language)
        try await publishAndWork(examples)
        try await askAndAnswer(examples)
        try await epoll(examples)
    }

    @Test("built by CMake, they do what they say", arguments: languages)
    func cmake(language: String) async throws {
        let examples = try await Examples.madeByCMake(language)
        try await publishAndWork(examples)
    }

    @Test("what cannot be is said, and ends with another status", arguments: languages)
    func failures(language: String) async throws {
        let examples = try await Examples.madeByCMake(language)
        for name in ["publisher", "worker", "epoll", "rpc_server", "rpc_client"] {
            await #expect(throws: HarnessError.self) { try await examples.run(name, "queue") }
        }
        // Nobody has declared the queue of the server.
        await #expect(throws: HarnessError.self) { try await examples.run("rpc_client", name("nobody"), "1") }
    }

    private func name(_ purpose: String) -> String { "swiftamqp-example-\(getpid())-\(purpose)" }

    private func publishAndWork(_ examples: Examples) async throws {
        let queue = name("work")
        let said = try await examples.run("publisher", queue, "3000")
        #expect(said == "confirmed 3000, failed 0\n")
        // It takes so many, and what it was given beside goes back.
        let lines = try await examples.run("worker", queue, "1000").split(separator: "\n")
        #expect(lines.count >= 1000 && lines.count < 3000 && lines.contains("message 0"))
        // Told to end while there is nothing to do, it has acknowledged the rest.
        let status = try await examples.withRunning("worker", queue, "0") { worker in
            try await worker.expectLines(3000 - lines.count)
            worker.signal(SIGTERM)
            return try await worker.end()
        }
        #expect(status == 0)
        #expect(try await delete(queue) == 0)
    }

    private func askAndAnswer(_ examples: Examples) async throws {
        let queue = name("rpc")
        // Declares the queue: the client may be first then.
        try await examples.run("publisher", queue, "0")
        let status = try await examples.withRunning("rpc_server", queue, "50") { server in
            let answers = try await examples.run("rpc_client", queue, "50")
            #expect(answers == (0..<50).map { "REQUEST \($0)\n" }.joined())
            return try await server.end()
        }
        #expect(status == 0)
        #expect(try await delete(queue) == 0)
    }

    private func epoll(_ examples: Examples) async throws {
        let queue = name("epoll")
        let said = try await examples.run("epoll", queue, "30")
        #expect(said == "published 30, confirmed 30, handled 30\n")
        #expect(try await delete(queue) == 0)
    }

    /// Deletes a queue, and gives how many messages were in it.
    private func delete(_ queue: String) async throws -> Int {
        try await AMQPConnection.withConnection(AMQPConfiguration(url: try await Broker.shared.url)) { connection in
            try await connection.withChannel { channel in Int(try await channel.delete(queue: queue)) }
        }
    }
}
