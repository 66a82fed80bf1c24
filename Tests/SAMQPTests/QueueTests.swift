import Glibc
import TestSupport
import Testing

@Suite("samqp queue")
struct QueueTests {
    private let queue = "samqp-test-queue-\(getpid())-\(UInt64.random(in: 0..<(.max)))"

    @Test("declare, status, purge, delete", arguments: ["classic", "quorum"])
    func life(type: String) async throws {
        let url = try await Broker.shared.url
        let declare = [
            "queue", "declare", "--queue", queue, "--type", type, "--argument", "x-max-length=100", "--json",
        ]
        let declared = try await Tool.run(declare, url: url)
        #expect(declared.exitCode == 0, "\(declared.error)")
        #expect(declared.text == "{\"name\":\"\(queue)\",\"messages\":0,\"consumers\":0}\n")
        #expect(try await Tool.run(declare, url: url).exitCode == 0, "the same again is no error")
        let other = try await Tool.run(["queue", "declare", "--queue", queue], url: url)
        #expect(other.exitCode == 1)
        #expect(other.error.contains("406") && other.error.contains("other properties"), "\(other.error)")

        let sent = try await Tool.run(
            ["publish", "--routing-key", queue, "--body", "x", "--count", "3"], url: url)
        #expect(sent.exitCode == 0, "\(sent.error)")
        let purged = try await Tool.run(["queue", "purge", "--queue", queue], url: url)
        #expect(purged.text == "\(queue) purged of 3 messages\n")
        let asked = try await Tool.run(["queue", "status", "--queue", queue], url: url)
        #expect(asked.text == "\(queue) 0 messages 0 consumers\n")
        let deleted = try await Tool.run(["queue", "delete", "--queue", queue], url: url)
        #expect(deleted.exitCode == 0)
        #expect(deleted.text == "\(queue) deleted with 0 messages\n")
        let gone = try await Tool.run(["queue", "status", "--queue", queue], url: url)
        #expect(gone.exitCode == 1)
        #expect(gone.error.contains("no queue '\(queue)'"), "\(gone.error)")
    }

    @Test("a stream, and a transient queue")
    func otherKinds() async throws {
        let url = try await Broker.shared.url
        for options in [["--type", "stream", "--argument", "x-max-age=1D"], ["--transient"]] {
            let declared = try await Tool.run(["queue", "declare", "--queue", queue] + options, url: url)
            #expect(declared.exitCode == 0, "\(declared.error)")
            let again = try await Tool.run(["queue", "declare", "--queue", queue], url: url)
            #expect(again.exitCode == 1, "it is no durable classic queue")
            #expect(try await Tool.run(["queue", "delete", "--queue", queue], url: url).exitCode == 0)
        }
    }

    @Test("delete only what is empty")
    func deleteIfEmpty() async throws {
        try await withQueue { url, queue in
            try await Tool.run(["publish", "--routing-key", queue, "--body", "x"], url: url)
            let refused = try await Tool.run(["queue", "delete", "--queue", queue, "--if-empty"], url: url)
            #expect(refused.exitCode == 1)
            #expect(try await status(of: queue, url: url).messages == 1)
        }
    }
}
