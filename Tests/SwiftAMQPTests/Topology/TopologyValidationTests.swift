import Testing

@testable import SwiftAMQP

@Suite struct TopologyValidationTests {
    private static func refusal(_ topology: AMQPTopology) -> AMQPError? {
        do throws(AMQPError) {
            try topology.validate()
            return nil
        } catch {
            return error
        }
    }

    /// Both of what is said of a name stands in the error.
    @Test func whatContradictsItselfIsRefused() {
        let queue = { (arguments: AMQPTable) in AMQPQueue(name: "q", arguments: arguments) }
        let table: [(AMQPTopology, String, String)] = [
            (AMQPTopology(exchanges: [.direct("e"), .topic("e")]), "exchange 'e'", "type is 'direct' and 'topic'"),
            (
                AMQPTopology(exchanges: [
                    AMQPExchange(name: "e", kind: .topic),
                    AMQPExchange(name: "e", kind: .topic, durable: false, autoDelete: true, internal: true),
                ]),
                "exchange 'e'", "durable is true and false; auto-delete is false and true; internal is false and true"
            ),
            (
                AMQPTopology(exchanges: [
                    AMQPExchange(name: "e", kind: .topic, arguments: ["alternate-exchange": "a"]), .topic("e"),
                ]),
                "exchange 'e'", "argument 'alternate-exchange' is 'a' and absent"
            ),
            (
                AMQPTopology(queues: [
                    .quorum("p"), AMQPQueue(name: "q"), AMQPQueue(name: "q", durable: false, exclusive: true),
                ]),
                "queue 'q'", "durable is true and false; exclusive is false and true"
            ),
            (
                AMQPTopology(queues: [
                    AMQPQueue(name: "q"), AMQPQueue(name: "q"), AMQPQueue(name: "q", autoDelete: true),
                ]),
                "queue 'q'", "auto-delete is false and true"
            ),
            (
                AMQPTopology(queues: [queue(["x-max-length": 5, "x-a": "b"]), queue(["x-max-length": 6])]),
                "queue 'q'", "argument 'x-max-length' is 5 and 6; argument 'x-a' is 'b' and absent"
            ),
            (
                AMQPTopology(queues: [queue([:]), queue(["x-overflow": "reject-publish"])]),
                "queue 'q'", "argument 'x-overflow' is absent and 'reject-publish'"
            ),
        ]
        for (topology, entity, differences) in table {
            let error = Self.refusal(topology)
            #expect(error?.code == .invalidArgument)
            let words = "it stands in the topology more than once, with different properties"
            #expect(error?.text == "\(entity): \(words): \(differences)")
        }
    }

    @Test func whatTheBrokerTakesForTheSameIsNone() {
        let topology = AMQPTopology(
            exchanges: [.direct("e"), .direct("e"), .direct("\u{E9}"), .topic("e\u{301}")],
            queues: [
                AMQPQueue(name: "q", arguments: ["x-max-length": .int32(5), "x-overflow": "drop-head"]),
                AMQPQueue(name: "q", arguments: ["x-overflow": "drop-head", "x-max-length": .int64(5)]),
                // A queue and an exchange of one name are two things.
                AMQPQueue(name: "e"), .serverNamed(),
            ],
            bindings: [
                .queue("q", to: "e"), .queue("q", to: "e"), .queue("", to: "e"),
                // The broker keeps both, and headers exchanges are used so.
                .queue("q", to: "e", arguments: ["x-match": "any", "kind": "order"]),
                .queue("q", to: "e", arguments: ["x-match": "any", "kind": "bill"]),
            ])
        #expect(Self.refusal(topology) == nil)
        #expect(Self.refusal(AMQPTopology()) == nil)
    }

    @Test func thereIsOneServerNamedQueueAtMost() {
        for queue in [AMQPQueue.serverNamed(), AMQPQueue(name: "")] {
            let error = Self.refusal(AMQPTopology(queues: [.serverNamed(), queue]))
            #expect(error?.code == .invalidArgument)
            #expect(error?.text.hasPrefix("the server-named queue: there can be one only") == true)
        }
        // The broker would bind the queue that was declared last on the channel, whichever that is.
        let error = Self.refusal(AMQPTopology(queues: [.quorum("q")], bindings: [.queue("", to: "e", routingKey: "k")]))
        #expect(error?.code == .invalidArgument)
        #expect(error?.text.contains("there is no server-named queue in the topology") == true)
    }

    @Test func aClientIsNotMadeWithIt() throws {
        let configuration = AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://127.0.0.1"))
        let topology = AMQPTopology(queues: [.quorum("q"), .classic("q")])
        let error = #expect(throws: AMQPError.self) {
            try AMQPClient(configuration: configuration, topology: topology)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.text.contains("'x-queue-type' is 'quorum' and 'classic'") == true)
    }
}
