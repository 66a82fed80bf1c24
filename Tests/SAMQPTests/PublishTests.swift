import TestSupport
import Testing

@Suite("samqp publish")
struct PublishTests {
    @Test("a body goes through a queue and back")
    func roundTrip() async throws {
        try await withQueue { url, queue in
            let sent = try await Tool.run(
                ["publish", "--url", url, "--routing-key", queue, "--body", "hello", "--count", "3"])
            #expect(sent.exitCode == 0)
            #expect(sent.output.isEmpty && sent.error.isEmpty)
            let received = try await Tool.run(["consume", "--url", url, "--queue", queue, "--count", "3"])
            #expect(received.exitCode == 0)
            #expect(received.lines == ["hello", "hello", "hello"])
            #expect(try await status(of: queue, url: url).messages == 0)
        }
    }

    @Test("each line of standard input is a message, with or without a last line feed")
    func standardInput() async throws {
        try await withQueue { url, queue in
            let lines = (1...5000).map { "line \($0)" } + ["", String(repeating: "x", count: 200_000), "last"]
            let sent = try await Tool.run(
                ["publish", "--routing-key", queue, "--body", "-"], url: url, input: lines.joined(separator: "\n"))
            #expect(sent.exitCode == 0, "\(sent.error)")
            let received = try await Tool.run(
                ["consume", "--queue", queue, "--count", "\(lines.count)", "--prefetch", "100"], url: url)
            #expect(received.exitCode == 0)
            #expect(received.lines == lines)
        }
    }

    @Test("what cannot be routed is counted, and the exit status says so")
    func unroutable() async throws {
        let url = try await Broker.shared.url
        let arguments = ["publish", "--routing-key", "no such queue", "--body", "x", "--count", "7"]
        let mandatory = try await Tool.run(arguments, url: url)
        #expect(mandatory.exitCode == 1)
        #expect(mandatory.error.contains("0 confirmed, 7 returned: NO_ROUTE (312)"), "\(mandatory.error)")
        #expect(mandatory.error.split(separator: "\n").count == 1)
        let dropped = try await Tool.run(arguments + ["--no-mandatory"], url: url)
        #expect(dropped.exitCode == 0)
        #expect(dropped.error.isEmpty)
    }

    @Test("an exchange that does not exist is named")
    func unknownExchange() async throws {
        let url = try await Broker.shared.url
        let ending = try await Tool.run(
            ["publish", "--exchange", "no such exchange", "--routing-key", "k", "--body", "x"], url: url)
        #expect(ending.exitCode == 1)
        #expect(ending.error.contains("no exchange 'no such exchange'"), "\(ending.error)")
    }

    @Test("a queue that refuses messages makes it fail")
    func nacked() async throws {
        let url = try await Broker.shared.url
        let queue = "samqp-test-full-\(UInt64.random(in: 0..<(.max)))"
        let declared = try await Tool.run(
            [
                "queue", "declare", "--queue", queue, "--argument", "x-max-length=1", "--argument",
                "x-overflow=reject-publish",
            ], url: url)
        #expect(declared.exitCode == 0, "\(declared.error)")
        let first = try await Tool.run(["publish", "--routing-key", queue, "--body", "x"], url: url)
        #expect(first.exitCode == 0)
        let second = try await Tool.run(
            ["publish", "--routing-key", queue, "--body", "x", "--timeout", "2"], url: url)
        #expect(second.exitCode == 1)
        #expect(second.error.contains("0 confirmed, 1 nacked"), "\(second.error)")
        try await Tool.run(["queue", "delete", "--queue", queue], url: url)
    }

    @Test("Ctrl-C while standard input is open: what was sent is confirmed, the exit status says that it was stopped")
    func stopped() async throws {
        try await withQueue { url, queue in
            let tool = try Tool(["publish", "--routing-key", queue, "--body", "-"], url: url)
            try await tool.write("one\n")
            let deadline = Deadline.after(.seconds(20))
            while try await status(of: queue, url: url).messages == 0 { try #require(!deadline.hasPassed) }
            tool.signal(2)
            let ending = try await tool.end()
            #expect(ending.exitCode == 1)
            #expect(ending.error == "samqp: stopped; 1 messages were sent, all confirmed\n")
        }
    }

    @Test("a broker that is killed and started again in the middle loses nothing")
    func killedBroker() async throws {
        let broker = try await Broker.start()
        let queue = "survivor"
        try await Tool.run(["queue", "declare", "--queue", queue], url: broker.url)
        let tool = try Tool(["publish", "--routing-key", queue, "--body", "-"], url: broker.url)
        let count = 20_000
        let half = (1...count / 2).map { "\($0)\n" }.joined()
        let rest = (count / 2 + 1...count).map { "\($0)\n" }.joined()
        try await tool.write(half)
        let deadline = Deadline.after(.seconds(30))
        while try await status(of: queue, url: broker.url).messages < count / 4 { try #require(!deadline.hasPassed) }
        try await broker.kill()
        async let restarted: Void = broker.restart()
        try await tool.write(rest)
        try await restarted
        tool.closeInput()
        let ending = try await tool.end()
        #expect(ending.exitCode == 0, "\(ending.error)")
        let messages = try await status(of: queue, url: broker.url).messages
        #expect(messages >= count)
        let received = try await Tool.run(
            ["consume", "--queue", queue, "--count", "\(messages)", "--prefetch", "500"], url: broker.url)
        #expect(Set(received.lines.compactMap { Int($0) }) == Set(1...count))
        await broker.remove()
    }

    @Test(
        "wrong use of the command line ends with 64",
        arguments: [
            ["publish", "--body", "x"],
            ["publish", "--routing-key", "k"],
            ["publish", "--routing-key", "k", "--body", "x", "--file", "f"],
            ["publish", "--routing-key", "k", "--body", "-", "--count", "2"],
            ["publish", "--routing-key", "k", "--body", "x", "--count", "0"],
            ["publish", "--routing-key", "k", "--body", "x", "--timeout", "0"],
            ["publish", "--routing-key", "k", "--body", "x", "--header", "novalue"],
            ["publish", "--routing-key", "k", "--body", "x"],
            ["publish", "--url", "http://host", "--routing-key", "k", "--body", "x"],
            ["publish", "--url", "amqps://host", "--routing-key", "k", "--body", "x"],
            ["consume", "--queue", "q", "--prefetch", "0"],
            ["queue", "declare", "--queue", "q", "--type", "quorum", "--transient"],
            ["queue", "status", "--queue", ""],
            ["nonsense"],
        ])
    func usage(arguments: [String]) async throws {
        let ending = try await Tool.run(arguments)
        #expect(ending.exitCode == 64, "\(ending.error)")
        #expect(!ending.error.isEmpty && ending.output.isEmpty)
    }

    @Test("a file that cannot be read")
    func noFile() async throws {
        let ending = try await Tool.run(
            ["publish", "--url", "amqp://127.0.0.1", "--routing-key", "k", "--file", "/nonexistent"])
        #expect(ending.exitCode == 1)
        #expect(ending.error == "samqp: cannot read /nonexistent: No such file or directory\n")
    }

    @Test("the version")
    func version() async throws {
        let ending = try await Tool.run(["--version"])
        #expect(ending.exitCode == 0)
        #expect(ending.text.hasPrefix("samqp 0."))
    }
}
