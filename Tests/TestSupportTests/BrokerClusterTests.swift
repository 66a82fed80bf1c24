import Glibc
import TestSupport
import Testing

extension BrokerTests {
    /// That nodes of a cluster die, freeze and come back, rows 20 to 22 of the fault matrix show.
    @Test func aClusterIsGoneAfterATestThatFails() async throws {
        struct Failure: Error {}
        var ports: [UInt16] = []
        var directories: [String] = []
        await #expect(throws: Failure.self) {
            try await BrokerCluster.withCluster(size: 2) { cluster in
                ports = cluster.nodes.map(\.port)
                directories = cluster.nodes.compactMap(\.directory)
                throw Failure()
            }
        }
        #expect(ports.count == 2)
        for port in ports { #expect(!LoopbackPort.accepts(port)) }
        #expect(directories.count == 2)
        for directory in directories {
            #expect(access(directory, F_OK) == -1)
            #expect(processes(of: directory) == [])
        }
    }
}
