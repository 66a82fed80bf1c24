import Glibc
import TestSupport
import Testing

/// Each test has a node of its own, so they run one after the other: a boot keeps a core busy for seconds.
@Suite(.serialized, .enabled(if: Broker.canStartNodes, Comment(rawValue: Broker.nodesUnavailableReason)))
struct BrokerTests {
    @Test func aRemovedNodeLeavesNoProcessAndNoDirectory() async throws {
        let broker = try await Broker.start()
        let directory = try #require(broker.directory)
        #expect(broker.isRunning)
        #expect(LoopbackPort.accepts(broker.port))
        #expect(processes(of: directory).count >= 2, "a node and its epmd")

        await broker.remove()
        #expect(!broker.isRunning)
        #expect(!LoopbackPort.accepts(broker.port))
        #expect(processes(of: directory) == [])
        #expect(access(directory, F_OK) == -1)
    }

    @Test func aNodeComesBackAfterKillAndAfterStop() async throws {
        try await Broker.withPrivateNode { broker in
            let port = broker.port
            let first = try #require(broker.processID)

            try await broker.kill()
            #expect(!broker.isRunning)
            #expect(!LoopbackPort.accepts(port))
            #expect(Glibc.kill(first, 0) == -1, "the process is gone and reaped")

            try await broker.start()
            #expect(broker.port == port)
            #expect(broker.processID != first)

            try await broker.addVhost("kept")
            try await broker.restart()
            #expect(try await broker.ctl(["list_vhosts", "--no-table-headers"]).contains("kept"))
        }
    }

    @Test func aPausedNodeAcceptsButDoesNotAnswer() async throws {
        try await Broker.withPrivateNode { broker in
            try await broker.pause()
            #expect(broker.isRunning)
            #expect(LoopbackPort.accepts(broker.port))
            await #expect(throws: HarnessError.self) {
                try await broker.ctl(["status"], deadline: .seconds(1))
            }
            try await broker.resume()
            #expect(try await broker.eval("1 + 1") == "2")

            // A frozen node can be stopped as well.
            try await broker.pause()
            try await broker.stop()
            #expect(!broker.isRunning)
        }
    }

    @Test func alarmsUsersAndVhosts() async throws {
        try await Broker.withPrivateNode { broker in
            try await broker.setMemoryAlarm(on: true)
            try await broker.setMemoryAlarm(on: false)
            try await broker.setDiskAlarm(on: true)
            try await broker.setDiskAlarm(on: false)

            try await broker.addVhost("a b")
            try await broker.addUser("svc", password: "p@ss/w")
            try await broker.setPermissions("svc", vhost: "a b", configure: "^x")
            #expect(
                broker.url(user: "svc", password: "p@ss/w", vhost: "a b")
                    == "amqp://svc:p%40ss%2Fw@127.0.0.1:\(broker.port)/a%20b")
            try await broker.wipe(vhost: "a b")
            let permissions = try await broker.ctl(["list_permissions", "--no-table-headers", "--vhost", "a b"])
            #expect(permissions == "svc\t^x\t.*\t.*\n")

            let name = #"rabbit_misc:r(<<"/">>, queue, <<"jobs">>)"#
            try await broker.eval(#"rabbit_amqqueue:declare(\#(name), true, false, [], none, <<"test">>)"#)
            #expect(try await broker.listQueues() == [BrokerQueue(name: "jobs")])
            try await broker.closeAllConnections(reason: "test")
        }
    }

    @Test func sharedCallersGetTheSameNode() async throws {
        async let one = Broker.shared
        async let two = Broker.shared
        let (first, second) = try await (one, two)
        #expect(first === second)
        #expect(first.isExternal == Broker.isExternal)
        if Broker.isExternal {
            await #expect(throws: HarnessError.self) { try await first.kill() }
        }
    }

    /// The node of a process that is killed must go too, although nobody in that process can do anything any more.
    @Test func aNodeDoesNotOutliveAProcessThatIsKilled() async throws {
        let result = try await #require(
            processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
        ) {
            let broker = try await Broker.start()
            print("directory=\(try #require(broker.directory))")
            fflush(nil)
            raise(SIGKILL)
        }
        let output = String(decoding: result.standardOutputContent, as: UTF8.self)
        let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("directory=") })
        let directory = String(line.dropFirst("directory=".count))

        // The guardian is nobody's child now, so there is nothing to wait on but what it does.
        let deadline = Deadline.after(.seconds(10))
        while access(directory, F_OK) == 0 && !deadline.hasPassed { try await Task.sleep(for: .milliseconds(20)) }
        #expect(access(directory, F_OK) == -1)
        #expect(processes(of: directory) == [])
    }
}

/// The processes that carry a node's directory in their environment.
func processes(of directory: String) -> [String] {
    guard let folder = opendir("/proc") else { return ["/proc cannot be read"] }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard Int(name) != nil, let environment = try? readTextFile("/proc/\(name)/environ") else { continue }
        if environment.contains(directory) { found.append(name) }
    }
    return found
}
