import TestSupport
import Testing

/// A cluster of three nodes for all tests of a suite, one after the other: started before the first and removed after the
/// last, however they end.
struct FaultCluster: SuiteTrait, TestScoping {
    @TaskLocal private static var current: BrokerCluster?

    /// The cluster of the suite that runs.
    static var shared: BrokerCluster {
        get throws { try #require(current, "the suite lacks the trait .faultCluster") }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await BrokerCluster.withCluster { cluster in
            try await Self.$current.withValue(cluster) { try await function() }
        }
    }
}

extension Trait where Self == FaultCluster {
    static var faultCluster: FaultCluster { FaultCluster() }
}
