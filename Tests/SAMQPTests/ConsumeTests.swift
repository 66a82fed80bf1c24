import Glibc
import TestSupport
import Testing

@Suite("samqp consume")
struct ConsumeTests {
    @Test("bodies that are no plain text are escaped, from a file, with headers")
    func escaped() async throws {
        try await withQueue { url, queue in
            // The test's own command line is a file whose content is known, with NUL bytes in it.
            let sent = try await Tool.run(
                ["publish", "--routing-key", queue, "--file", "/proc/self/cmdline", "--header", "a=b=c"], url: url)
            #expect(sent.exitCode == 0, "\(sent.error)")
            let received = try await Tool.run(["consume", "--queue", queue, "--count", "1"], url: url)
            #expect(received.lines.count == 1)
            #expect(received.text.contains("samqp\\x00publish\\x00--routing-key\\x00\(queue)\\x00--file\\x00"))
        }
    }

    @Test("a JSON object a line")
    func json() async throws {
        try await withQueue { url, queue in
            let sent = try await Tool.run(
                [
                    "publish", "--routing-key", queue, "--body", "two\nlines \"ü\"", "--header", "a=b=c", "--header",
                    "empty=", "--transient",
                ], url: url)
            #expect(sent.exitCode == 0, "\(sent.error)")
            let received = try await Tool.run(["consume", "--queue", queue, "--count", "1", "--json"], url: url)
            #expect(
                received.lines == [
                    #"{"body":"two\nlines \"ü\"","body_encoding":"utf-8","exchange":"","routing_key":"\#(queue)","#
                        + #""redelivered":false,"properties":{"delivery_mode":1},"headers":{"a":"b=c","empty":""}}"#
                ])
        }
    }

    @Test("a count below the prefetch takes no more than that from the queue")
    func countTakesNoMore() async throws {
        try await withQueue { url, queue in
            try await Tool.run(["publish", "--routing-key", queue, "--body", "x", "--count", "10"], url: url)
            let first = try await Tool.run(["consume", "--queue", queue, "--count", "4"], url: url)
            #expect(first.lines.count == 4)
            let rest = try await Tool.run(["consume", "--queue", queue, "--count", "6", "--json"], url: url)
            #expect(rest.lines.count == 6)
            #expect(!rest.text.contains(#""redelivered":true"#))
        }
    }

    @Test("a queue that does not exist, and one that is deleted meanwhile")
    func noQueue() async throws {
        try await withQueue { url, queue in
            let missing = try await Tool.run(["consume", "--queue", "no such queue"], url: url)
            #expect(missing.exitCode == 1)
            #expect(missing.error.contains("no queue 'no such queue'") && missing.output.isEmpty, "\(missing.error)")

            let tool = try Tool(["consume", "--queue", queue], url: url)
            try await waitForConsumer(of: queue, url: url)
            try await Tool.run(["queue", "delete", "--queue", queue], url: url)
            let ending = try await tool.end()
            #expect(ending.exitCode == 1)
            #expect(ending.error.split(separator: "\n").count == 1, "\(ending.error)")
        }
    }

    @Test("Ctrl-C and SIGTERM while idle", arguments: [SIGINT, SIGTERM])
    func stoppedIdle(signal: Int32) async throws {
        try await withQueue { url, queue in
            let tool = try Tool(["consume", "--queue", queue], url: url)
            try await waitForConsumer(of: queue, url: url)
            tool.signal(signal)
            let ending = try await tool.end()
            #expect(ending.exitCode == 0)
            #expect(ending.error.isEmpty && ending.output.isEmpty, "\(ending)")
        }
    }

    @Test("Ctrl-C while consuming: each message was either printed, whole, or is still in the queue")
    func stoppedBusy() async throws {
        try await withQueue { url, queue in
            let total = 2000
            try await publishNumbered(total, to: queue, url: url)
            let tool = try Tool(["consume", "--queue", queue, "--prefetch", "50"], url: url)
            let first = try await tool.readLine()
            tool.signal(SIGINT)
            let ending = try await tool.end()
            #expect(ending.exitCode == 0)
            #expect(ending.error.isEmpty)
            let printed = [first] + ending.lines
            #expect(printed.allSatisfy { $0.utf8.count == lineLength })
            #expect(printed.map(number) == Array(1...printed.count))
            #expect(ending.output.last == UInt8(ascii: "\n") || ending.output.isEmpty)
            let rest = try await Tool.run(
                ["consume", "--queue", queue, "--count", "\(max(1, total - printed.count))"], url: url)
            #expect((printed + rest.lines).map(number) == Array(1...total))
            #expect(try await status(of: queue, url: url).messages == 0)
        }
    }

    @Test("Ctrl-C while the reader is stuck: what it took is acknowledged, no more")
    func stoppedWithStuckReader() async throws {
        try await withQueue { url, queue in
            let total = 1000
            try await publishNumbered(total, to: queue, url: url)
            let tool = try Tool(["consume", "--queue", queue], url: url)
            let first = try await tool.readLine()
            tool.signal(SIGINT)
            #expect(try await tool.waitUnread() == 0)
            let printed = [first] + (try await tool.end()).lines
            #expect(printed.count < 100)
            #expect(try await status(of: queue, url: url).messages == total - printed.count)
        }
    }

    @Test("a reader that goes away while messages come")
    func readerGoesAway() async throws {
        try await withQueue { url, queue in
            let total = 1000
            try await publishNumbered(total, to: queue, url: url)
            let tool = try Tool(["consume", "--queue", queue], url: url)
            _ = try await tool.readLine()
            tool.closeOutput()
            #expect(try await tool.waitUnread() == 0)
            // A pipe takes 64 KiB, which its reader may have read or not.
            let most = (65536 + lineLength + 1) / (lineLength + 1) + 1
            let left = try await status(of: queue, url: url).messages
            #expect(left >= total - most && left < total)
        }
    }

    @Test("a reader that went away while there was nothing to print")
    func readerWentAwayBefore() async throws {
        try await withQueue { url, queue in
            let tool = try Tool(["consume", "--queue", queue], url: url)
            try await waitForConsumer(of: queue, url: url)
            tool.closeOutput()
            let sent = try await Tool.run(["publish", "--routing-key", queue, "--body", "x"], url: url)
            #expect(sent.exitCode == 0)
            #expect(try await tool.waitUnread() == 0)
            #expect(try await status(of: queue, url: url).messages == 1)
        }
    }

    // MARK: Helpers

    /// So long that a full pipe holds few of them.
    private let lineLength = 1000

    private func publishNumbered(_ count: Int, to queue: String, url: String) async throws {
        let lines = (1...count).map { number in
            "\(number) ".padding(to: lineLength)
        }
        let sent = try await Tool.run(
            ["publish", "--routing-key", queue, "--body", "-"], url: url, input: lines.joined(separator: "\n"))
        try #require(sent.exitCode == 0, "\(sent.error)")
    }

    private func number(_ line: String) -> Int? { line.split(separator: " ").first.flatMap { Int($0) } }
}

extension String {
    fileprivate func padding(to length: Int) -> String {
        self + String(repeating: ".", count: Swift.max(0, length - utf8.count))
    }
}
