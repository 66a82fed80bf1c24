import Testing

@testable import SwiftAMQP

@Suite struct TopologyLintTests {
    private static let long = String(repeating: "x", count: 256)

    @Test func whatIsFineIsLeftAlone() {
        let lint = TopologyLint(version: BrokerVersion(4, 3))
        for queue in [
            AMQPQueue.quorum("q", deliveryLimit: 3, deadLetterExchange: "e"), .stream("s", maximumAge: "7D"),
            .classic("c", autoDelete: true, messageTTL: .seconds(1), maximumPriority: 5), .serverNamed(),
            AMQPQueue(name: String(repeating: "x", count: 255)), AMQPQueue(name: "amqp"),
        ] {
            #expect(lint.check(queue) == TopologyLint.Verdict(), "\(queue.name)")
        }
        for exchange in [AMQPExchange.direct("e"), .direct("amq.direct"), AMQPExchange(name: "e", kind: "x-odd")] {
            #expect(lint.check(exchange) == TopologyLint.Verdict())
        }
        #expect(lint.check(AMQPBinding.queue("", to: "amq.direct", routingKey: "k")) == TopologyLint.Verdict())
    }

    @Test func queues() {
        let table: [(AMQPQueue, String)] = [
            (AMQPQueue(name: "amq.mine"), "'amq.'"), (AMQPQueue(name: Self.long), "255"),
            (AMQPQueue(name: "q", arguments: ["a": .double(.infinity)]), "argument 'a'"),
            (.quorum(""), "server-named"), (.stream(""), "server-named"),
            (.quorum("q", arguments: ["x-max-priority": 3]), "x-max-priority"),
            (.stream("q", arguments: ["x-expires": 3]), "x-expires"),
            (AMQPQueue(name: "q", exclusive: true, arguments: ["x-queue-type": "quorum"]), "exclusive"),
            (AMQPQueue(name: "q", autoDelete: true, arguments: ["x-queue-type": "stream"]), "auto-deleted"),
            (AMQPQueue(name: "q", durable: false, exclusive: true, arguments: ["x-queue-type": "stream"]), "exclusive"),
        ]
        for (queue, words) in table {
            let problem = TopologyLint().check(queue).problem
            #expect(problem?.contains(words) == true, "\(queue.name): \(problem ?? "none")")
        }
    }

    /// A warning where it works, a problem where it would end the connection.
    @Test func transientQueues() {
        let queue = AMQPQueue(name: "q", durable: false)
        for (version, isProblem) in [
            (nil, false), (BrokerVersion(3, 10), false), (BrokerVersion(4, 2), false), (BrokerVersion(4, 3), true),
            (BrokerVersion(5, 0), true),
        ] {
            let verdict = TopologyLint(version: version).check(queue)
            #expect((verdict.problem != nil) == isProblem, "\(String(describing: version))")
            #expect(verdict.warnings.count == 1)
        }
    }

    @Test func exchangesAndBindings() {
        let lint = TopologyLint()
        #expect(lint.check(AMQPExchange.direct("")).problem != nil)
        #expect(lint.check(AMQPExchange.direct(Self.long)).problem != nil)
        #expect(lint.check(AMQPExchange(name: "e", kind: .direct, arguments: ["a": .float(.nan)])).problem != nil)
        #expect(lint.checkCreating(.direct("amq.mine")).problem != nil)
        #expect(lint.checkCreating(.direct("mine")).problem == nil)
        for binding: AMQPBinding in [
            .queue("q", to: ""), .exchange("", to: "e"), .queue("q", to: "e", routingKey: Self.long),
            .queue("q", to: Self.long), .queue("q", to: "e", arguments: ["a": .double(.nan)]),
        ] {
            #expect(lint.check(binding).problem != nil)
        }
    }

    @Test func versions() {
        let table: [(AMQPTable, BrokerVersion?)] = [
            (["product": "RabbitMQ", "version": "3.10.8"], BrokerVersion(3, 10)),
            (["product": "RabbitMQ", "version": "4.3.0-rc.1"], BrokerVersion(4, 3)),
            (["product": "RabbitMQ", "version": "4.3-beta"], BrokerVersion(4, 3)),
            (["product": "RabbitMQ", "version": "4"], nil), (["product": "RabbitMQ", "version": "x.y"], nil),
            (["product": "RabbitMQ", "version": 4], nil), (["product": "RabbitMQ"], nil),
            (["product": "Other", "version": "4.3.0"], nil), ([:], nil),
        ]
        for (properties, version) in table { #expect(BrokerVersion(serverProperties: properties) == version) }
        #expect(BrokerVersion(3, 13) < BrokerVersion(4, 0))
        #expect(BrokerVersion(4, 0) < BrokerVersion(4, 1))
    }
}
