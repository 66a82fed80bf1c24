import Testing

@testable import SwiftAMQP

@Suite struct FailurePolicyTests {
    @Test func defaults() throws {
        guard case .requeue(let backoff, 5, .reject) = AMQPFailurePolicy.default else {
            Issue.record("the default policy is \(AMQPFailurePolicy.default)")
            return
        }
        #expect(backoff == AMQPBackoff(initial: .milliseconds(200), maximum: .seconds(10)))
        for policy in [AMQPFailurePolicy.default, .reject, .retry(AMQPRetryQueues()), .requeue(then: .park())] {
            try policy.validate(forQueue: "orders")
        }
    }

    private static let refused: [(AMQPFailurePolicy, String, String)] = [
        (.requeue(limit: 0), "q", "limit is 0"),
        (.requeue(limit: 20), "q", "limit is 20; it must be 1 to 19"),
        (.requeue(backoff: AMQPBackoff(initial: .zero)), "q", "backoff.initial"),
        (.requeue(then: .park(queue: "q")), "q", "is the queue that is consumed"),
        (.requeue(then: .park(queue: "")), "q", "0 bytes"),
        (.requeue(then: .park()), "", "server-named"),
        (.requeue(then: .park()), String(repeating: "q", count: 249), "256 bytes"),
        (.retry(AMQPRetryQueues(delays: [])), "q", "0 delays"),
        (.retry(AMQPRetryQueues(delays: Array(repeating: .seconds(1), count: 33))), "q", "33 delays"),
        (.retry(AMQPRetryQueues(delays: [.microseconds(10)])), "q", "a retry delay"),
        (.retry(AMQPRetryQueues(delays: [.seconds(86_401)])), "q", "a retry delay"),
        (.retry(AMQPRetryQueues(limit: 0)), "q", "retry.limit is 0"),
        (.retry(AMQPRetryQueues(limit: 1001)), "q", "retry.limit is 1001"),
        (.retry(AMQPRetryQueues(maximumLength: 0)), "q", "maximumLength is 0"),
        (.retry(AMQPRetryQueues()), "", "server-named"),
        (.retry(AMQPRetryQueues()), String(repeating: "q", count: 245), "a retry queue has a name of 256 bytes"),
        (.retry(AMQPRetryQueues(then: .park(queue: "q"))), "q", "is the queue that is consumed"),
    ]

    @Test(arguments: refused) func refuses(_ policy: AMQPFailurePolicy, _ queue: String, _ text: String) async {
        let error = await amqpError { try policy.validate(forQueue: queue) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.text.contains(text) == true, "\(error?.text ?? "no error")")
    }

    @Test(arguments: [1, 19, nil]) func takesTheEndsOfTheLimit(_ limit: Int?) throws {
        try AMQPFailurePolicy.requeue(limit: limit).validate(forQueue: "q")
    }

    @Test func topologyOfPlainPolicies() {
        #expect(AMQPFailurePolicy.default.topology(forQueue: "q").isEmpty)
        #expect(AMQPFailurePolicy.reject.topology(forQueue: "q").isEmpty)
        #expect(AMQPFailurePolicy.requeue(then: .park(queue: "mine")).topology(forQueue: "q").isEmpty)
        #expect(
            AMQPFailurePolicy.requeue(then: .park()).topology(forQueue: "q")
                == AMQPTopology(queues: [.quorum("q.parked")]))
    }

    @Test func quorumRetryQueues() {
        let topology = AMQPRetryQueues().topology(forQueue: "orders")
        #expect(
            topology.queues.map(\.name) == [
                "orders.retry.1000", "orders.retry.10000", "orders.retry.60000", "orders.parked",
            ])
        #expect(topology.exchanges.isEmpty && topology.bindings.isEmpty)
        #expect(
            topology.queues[1].arguments == [
                "x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders",
                "x-overflow": "reject-publish", "x-message-ttl": 10_000, "x-dead-letter-strategy": "at-least-once",
            ])
        #expect(topology.queues.allSatisfy { $0.isDurable && TopologyLint().check($0) == .init() })
        #expect(topology.queues.last?.arguments == ["x-queue-type": "quorum"])
    }

    @Test func classicRetryQueues() {
        let plain = AMQPRetryQueues(delays: [.milliseconds(5)], then: .reject, kind: .classic).topology(forQueue: "q")
        #expect(
            plain.queues.map(\.arguments) == [
                [
                    "x-queue-type": "classic", "x-message-ttl": 5, "x-dead-letter-exchange": "",
                    "x-dead-letter-routing-key": "q",
                ]
            ])
        let bounded = AMQPRetryQueues(then: .park(queue: "mine"), kind: .classic, maximumLength: 7)
            .topology(forQueue: "q")
        #expect(bounded.queues.count == 3)
        for queue in bounded.queues {
            #expect(queue.arguments["x-max-length"] == 7)
            #expect(queue.arguments["x-overflow"] == "reject-publish")
        }
    }

    @Test func delaysOfTheSameLengthShareAQueue() {
        let queues = AMQPRetryQueues(delays: [.seconds(1), .seconds(2), .milliseconds(1000)], then: .reject)
        #expect(queues.topology(forQueue: "q").queues.map(\.name) == ["q.retry.1000", "q.retry.2000"])
    }
}
