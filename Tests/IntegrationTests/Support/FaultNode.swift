import TestSupport

/// The one node that all tests of ``BrokerFaults`` share, one after the other. The harness removes it with the process.
actor FaultNode {
    /// What a node of these tests accepts at most, so that a message can be too large without being huge.
    static let maximumMessageSize = 2 << 20

    private static let instance = FaultNode()
    private var start: Task<Broker, any Error>?

    static var shared: Broker {
        get async throws { try await instance.broker() }
    }

    private func broker() async throws -> Broker {
        if let start { return try await start.value }
        let task = Task {
            try await Broker.start(configuration: ["max_message_size = \(Self.maximumMessageSize)"])
        }
        start = task
        return try await task.value
    }
}
