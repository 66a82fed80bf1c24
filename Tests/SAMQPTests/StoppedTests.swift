import Glibc
import TestSupport
import Testing

@Suite("Fault matrix: samqp publish, stopped")
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
}
