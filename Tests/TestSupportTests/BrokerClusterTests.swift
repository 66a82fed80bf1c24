import Glibc
import TestSupport
import Testing

extension BrokerTests {
    @Test func aClusterLosesNodesAndTheyComeBack() async throws {
        var directories: [String] = []
        try await BrokerCluster.withCluster { cluster in
            directories = cluster.nodes.compactMap(\.directory)
            #expect(directories.count == 3)
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            let name = #"rabbit_misc:r(<<"/">>, queue, <<"jobs">>)"#
            let type = #"[{<<"x-queue-type">>, longstr, <<"quorum">>}]"#
            try await second.eval(#"rabbit_amqqueue:declare(\#(name), true, false, \#(type), none, <<"test">>)"#)
            #expect(try await cluster.leader(ofQueue: "jobs") === second)

            // One dies: another leads.
            try await cluster.kill([second])
            #expect(!second.isRunning)
            #expect(try await cluster.leader(ofQueue: "jobs") !== second)
            try await cluster.start()
            #expect(second.isRunning)

            // Two die: the one that is left still answers.
            try await cluster.kill(cluster.others(than: first))
            #expect(try await first.eval("1 + 1") == "2")
            try await cluster.start()
            _ = try await cluster.leader(ofQueue: "jobs")

            // One is frozen, and goes on.
            try await first.pause()
            try await first.resume()
            #expect(try await first.eval("length(rabbit_nodes:all_running())") == "3")
        }
        for directory in directories {
            #expect(access(directory, F_OK) == -1)
            #expect(processes(of: directory) == [])
        }
    }

    @Test func aClusterIsGoneAfterATestThatFails() async throws {
        struct Failure: Error {}
        var ports: [UInt16] = []
        await #expect(throws: Failure.self) {
            try await BrokerCluster.withCluster(size: 2) { cluster in
                ports = cluster.nodes.map(\.port)
                throw Failure()
            }
        }
        #expect(ports.count == 2)
        for port in ports { #expect(!LoopbackPort.accepts(port)) }
    }
}
