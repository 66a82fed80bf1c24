import Glibc
import TestSupport
import Testing

@Suite("samqp when there is no connection to be had")
struct ConnectionFailureTests {
    private let secret = "s3cr%25t%40pass"
    /// What of the password must be seen nowhere.
    private let traces = ["s3cr", "t@pass", "t%40pass"]

    private func expectNoTrace(_ ending: Tool.Ending, _ place: SourceLocation = #_sourceLocation) {
        for trace in traces {
            #expect(!ending.error.contains(trace) && !ending.text.contains(trace), sourceLocation: place)
        }
    }

    @Test("a wrong password", arguments: [true, false])
    func wrongPassword(fromEnvironment: Bool) async throws {
        let broker = try await Broker.shared
        let url = "amqp://guest:\(secret)@\(broker.host):\(broker.port)/"
        let arguments = ["publish", "--routing-key", "k", "--body", "x"]
        let ending = try await Tool.run(
            arguments + (fromEnvironment ? [] : ["--url", url]), url: fromEnvironment ? url : nil)
        #expect(ending.exitCode == 1)
        #expect(ending.error.contains("403") && ending.error.contains("check user and password"), "\(ending.error)")
        #expect(ending.error.split(separator: "\n").count == 1)
        expectNoTrace(ending)
    }

    @Test(
        "a URL in the wrong place, or a malformed one, is not repeated with its password",
        arguments: [
            ["consume", "--queue", "q", "URL"], ["URL"], ["publish", "--routing-key", "k", "--count", "URL"],
            ["queue", "declare", "--queue", "q", "--type=URL"], ["consume", "--ulr=URL"],
            ["consume", "--queue", "q", "--url", "URL:x"], ["consume", "--queue", "q", "--url", "URL?x=1"],
        ])
    func misplaced(arguments: [String]) async throws {
        let url = "amqp://guest:\(secret)@127.0.0.1:1"
        let ending = try await Tool.run(
            arguments.map { $0.split(separator: "URL", omittingEmptySubsequences: false).joined(separator: url) })
        #expect(ending.exitCode == 64, "\(ending.error)")
        expectNoTrace(ending)
    }

    @Test("a host that does not exist, a port where nobody listens")
    func unreachable() async throws {
        let unknown = try await Tool.run(
            ["queue", "status", "--queue", "q"], url: "amqp://u:\(secret)@nothing.invalid")
        #expect(unknown.exitCode == 1)
        #expect(unknown.error.contains("nothing.invalid:5672") && unknown.error.contains("check the host name"))
        expectNoTrace(unknown)
        let refused = try await Tool.run(["consume", "--queue", "q"], url: "amqp://u:\(secret)@127.0.0.1:1")
        #expect(refused.exitCode == 1)
        #expect(refused.error.contains("127.0.0.1:1"), "\(refused.error)")
        expectNoTrace(refused)
    }

    @Test("a virtual host that does not exist")
    func noVirtualHost() async throws {
        let ending = try await Tool.run(
            ["queue", "status", "--queue", "q"], url: try await Broker.shared.url(vhost: "no such vhost"))
        #expect(ending.exitCode == 1)
        #expect(ending.error.contains("virtual host 'no such vhost'"), "\(ending.error)")
    }

    @Test("while the broker keeps silent: the command line shows no password, and Ctrl-C ends it")
    func silentBroker() async throws {
        let (connected, done) = (try FakeSignal(), try FakeSignal())
        let broker = try FakeBroker.start([.expectProtocolHeader, .fire(connected), .hold(until: done)])
        let tool = try Tool([
            "consume", "--url", "amqp://guest:\(secret)@127.0.0.1:\(broker.port)", "--queue", "q",
        ])
        try await connected.fired(within: .seconds(20))
        let commandLine = try commandLine(of: tool.pid)
        #expect(commandLine.contains("--queue") && commandLine.contains("amqp://guest:*"), "\(commandLine)")
        for trace in traces { #expect(!commandLine.contains(trace)) }
        tool.signal(SIGINT)
        let ending = try await tool.end()
        #expect(ending.exitCode == 0)
        #expect(ending.error.isEmpty, "\(ending.error)")
        done.fire()
        _ = await broker.stop()
    }

    private func commandLine(of pid: pid_t) throws -> String {
        let file = open("/proc/\(pid)/cmdline", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(file, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}
