import Glibc
import TestSupport
import Testing

@Suite("Fault matrix: samqp, stopped")
struct StoppedTests {
    @Test("row 38: stopped for longer than 2 T and resumed, it publishes on over a new connection")
    func stopped() async throws {
        try await withQueue { url, queue in
            let tool = try Tool(["publish", "--routing-key", queue, "--body", "-"], url: url + "?heartbeat=1")
            try await tool.write("1\n2\n3\n")
            let deadline = Deadline.after(.seconds(20))
            while try await status(of: queue, url: url).messages < 3 {
                try #require(!deadline.hasPassed, "the first lines do not arrive")
            }
            tool.signal(SIGSTOP)
            // The broker gives the connection up meanwhile, which nobody can see from outside: time is the fault.
            try await Task.sleep(for: .seconds(4))
            tool.signal(SIGCONT)
            try await tool.write("4\n5\n6\n")
            tool.closeInput()
            let sent = try await tool.end()
            #expect(sent.exitCode == 0, "\(sent.error)")
            let received = try await Tool.run(["consume", "--queue", queue, "--count", "6"], url: url)
            #expect(received.lines == ["1", "2", "3", "4", "5", "6"])
            #expect(try await status(of: queue, url: url).messages == 0)
        }
    }

    @Test("row 38: stopped for longer than 2 T and resumed, it consumes on over a new connection")
    func stoppedConsumer() async throws {
        try await withQueue { url, queue in
            let tool = try Tool(
                ["consume", "--queue", queue, "--json", "--prefetch", "2"], url: url + "?heartbeat=1")
            try await Tool.run(["publish", "--routing-key", queue, "--body", "-"], url: url, input: "1\n2\n3\n")
            var printed: [String] = []
            for _ in 0..<3 { printed.append(try await tool.readLine()) }
            #expect(printed.map(Self.body) == ["1", "2", "3"])
            tool.signal(SIGSTOP)
            // What the broker sends it now arrives nowhere, until it gives the connection up.
            try await Tool.run(["publish", "--routing-key", queue, "--body", "-"], url: url, input: "4\n5\n6\n")
            let deadline = Deadline.after(.seconds(20))
            while try await status(of: queue, url: url) != (3, 0) {
                try #require(!deadline.hasPassed, "the broker does not give up")
            }
            tool.signal(SIGCONT)
            // What it had received and not printed comes again, flagged; it may have printed it then, as the pipe is first.
            var seen: Set<String> = []
            while seen.count < 3 {
                let line = try await tool.readLine()
                let isNew = seen.insert(Self.body(line)).inserted
                #expect(isNew || line.contains(#""redelivered":true"#), "\(line)")
                printed.append(line)
            }
            #expect(seen == ["4", "5", "6"])
            while try await status(of: queue, url: url) != (0, 1) {
                try #require(!deadline.hasPassed, "it does not settle, or is not there once")
            }
            tool.signal(SIGTERM)
            let ending = try await tool.end()
            #expect(ending.exitCode == 0, "\(ending.error)")
            #expect(try await status(of: queue, url: url) == (0, 0))
        }
    }

    private static func body(_ line: String) -> String {
        String(line.drop { $0 != ":" }.dropFirst(2).prefix { $0 != "\"" })
    }
}
