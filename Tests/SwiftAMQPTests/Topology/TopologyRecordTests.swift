import Testing

@testable import SwiftAMQP

@Suite struct TopologyRecordTests {
    private static let temporary = AMQPExchange(name: "temporary", kind: .fanout, autoDelete: true)
    private static let reply = AMQPQueue.serverNamed()
    private static let leased = AMQPQueue(name: "leased", autoDelete: true)

    @Test func everythingOfTheTopologyIsRestoredInOrder() {
        let topology = AMQPTopology(
            exchanges: [.direct("b"), .topic("a")], queues: [.quorum("z"), .classic("y")],
            bindings: [.exchange("a", to: "b"), .queue("z", to: "a", routingKey: "#")])
        let record = TopologyRecord(declared: topology)
        #expect(record.snapshot == topology)
        #expect(
            record.steps == [
                .exchange(.direct("b")), .exchange(.topic("a")), .queue(.quorum("z"), recordedName: "z"),
                .queue(.classic("y"), recordedName: "y"), .binding(.exchange("a", to: "b")),
                .binding(.queue("z", to: "a", routingKey: "#")),
            ])
        #expect(TopologyRecord(declared: AMQPTopology()).steps.isEmpty)
    }

    @Test func whatStandsTwiceIsDeclaredOnce() throws {
        let topology = AMQPTopology(
            exchanges: [.direct("e"), .topic("f"), .direct("e")],
            queues: [.quorum("q"), .quorum("q"), .serverNamed()],
            bindings: [.queue("q", to: "e"), .queue("q", to: "e"), .queue("q", to: "e", arguments: ["a": 1])])
        try topology.validate()
        let record = TopologyRecord(declared: topology)
        let expected = AMQPTopology(
            exchanges: [.direct("e"), .topic("f")], queues: [.quorum("q"), .serverNamed()],
            bindings: [.queue("q", to: "e"), .queue("q", to: "e", arguments: ["a": 1])])
        #expect(record.snapshot == expected)
    }

    @Test func whatTheBrokerTookLastIsRestoredInItsOldPlace() {
        var record = TopologyRecord(declared: AMQPTopology(queues: [.quorum("q"), .quorum("r")]))
        record.didDeclare(.classic("q"), named: "q")
        #expect(record.snapshot.queues == [.classic("q"), .quorum("r")])
        record.didDeclare(AMQPExchange.direct("e"))
        record.didDeclare(.direct("f"))
        record.didDeclare(.topic("e"))
        #expect(record.snapshot.exchanges == [.topic("e"), .direct("f")])
    }

    // MARK: What the program takes back

    @Test func anExplicitDeleteForgetsTheTopologyToo() {
        let topology = AMQPTopology(
            exchanges: [.direct("a"), .direct("b"), .direct("c")], queues: [.quorum("q"), .quorum("r")],
            bindings: [
                .queue("q", to: "a"), .queue("r", to: "a"), .exchange("b", to: "a"), .exchange("c", to: "b"),
                .queue("r", to: "c"),
            ])
        var record = TopologyRecord(declared: topology)
        record.didDelete(queue: "q")
        #expect(record.snapshot.queues == [.quorum("r")])
        #expect(!record.snapshot.bindings.contains(.queue("q", to: "a")))
        record.didDelete(exchange: "b")
        #expect(record.snapshot.exchanges == [.direct("a"), .direct("c")])
        #expect(record.snapshot.bindings == [.queue("r", to: "a"), .queue("r", to: "c")])
        record.didUnbind(.queue("r", to: "a"))
        #expect(record.snapshot.bindings == [.queue("r", to: "c")])
        record.didDelete(queue: "unknown")
        record.didDelete(exchange: "unknown")
        record.didUnbind(.queue("unknown", to: "a"))
        #expect(record.steps.count == 4)
    }

    /// A binding is known by all of its parts; the order of its arguments is none of them.
    @Test func anUnbindTakesExactlyItsBindingBack() {
        var record = TopologyRecord(declared: AMQPTopology())
        let bindings: [AMQPBinding] = [
            .queue("x", to: "e"), .exchange("x", to: "e"), .queue("x", to: "e", routingKey: "k"),
            .queue("x", to: "f"), .queue("x", to: "e", arguments: ["a": 1, "b": 2]),
            .queue("x", to: "e", arguments: ["a": 1, "b": 3]),
        ]
        for binding in bindings { record.didBind(binding) }
        record.didBind(.queue("x", to: "e", arguments: ["b": 2, "a": 1]))
        #expect(record.snapshot.bindings == bindings)
        record.didUnbind(.queue("x", to: "e", arguments: ["b": 2, "a": 1]))
        record.didUnbind(.queue("x", to: "e"))
        #expect(record.snapshot.bindings == [bindings[1], bindings[2], bindings[3], bindings[5]])
    }

    /// RabbitMQ compares bytes, and takes these for two queues.
    @Test func canonicallyEquivalentNamesAreTwo() {
        var record = TopologyRecord(declared: AMQPTopology())
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        record.didDeclare(.quorum(composed), named: composed)
        record.didDeclare(.quorum(decomposed), named: decomposed)
        record.didBind(.queue(composed, to: "e"))
        record.didBind(.queue(decomposed, to: "e"))
        #expect(record.steps.count == 4)
        record.didDelete(queue: decomposed)
        #expect(record.steps.count == 2)
        #expect(record.snapshot.queues.first?.name.utf8.elementsEqual(composed.utf8) == true)
    }

    // MARK: What the broker deletes by itself

    @Test func anAutoDeletedQueueGoesWithItsLastConsumer() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.leased, named: "leased")
        record.didBind(.queue("leased", to: "amq.fanout"))
        record.consumerStarted(onQueue: "leased")
        record.consumerStarted(onQueue: "leased")
        record.consumerEnded(onQueue: "leased")
        #expect(record.steps.count == 2)
        record.consumerEnded(onQueue: "leased")
        #expect(record.steps.isEmpty)
        record.consumerEnded(onQueue: "leased")
        #expect(record.consumers.isEmpty)
    }

    @Test func anAutoDeletedExchangeGoesWithItsLastBinding() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.temporary)
        record.didDeclare(AMQPExchange(name: "source", kind: .direct, autoDelete: true))
        record.didDeclare(.quorum("q"), named: "q")
        record.didBind(.exchange("temporary", to: "source"))
        record.didBind(.queue("q", to: "temporary"))
        record.didBind(.queue("q", to: "temporary", routingKey: "k"))
        record.didUnbind(.queue("q", to: "temporary", routingKey: "other"))
        record.didUnbind(.queue("q", to: "temporary", routingKey: "k"))
        #expect(record.steps.count == 5)
        // The last binding from it goes, so it goes, and with it the last binding of the one that it is bound to.
        record.didDelete(queue: "q")
        #expect(record.steps.isEmpty)
    }

    @Test func anAutoDeletedExchangeStaysUntilItHasHadABinding() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.temporary)
        record.didUnbind(.queue("q", to: "temporary"))
        record.didDelete(queue: "q")
        #expect(record.snapshot.exchanges == [Self.temporary])
    }

    @Test func whatTheTopologyHoldsComesBackAfterAnAutoDelete() {
        let topology = AMQPTopology(
            exchanges: [Self.temporary], queues: [Self.leased], bindings: [.queue("leased", to: "temporary")])
        var record = TopologyRecord(declared: topology)
        record.didBind(.queue("leased", to: "temporary", routingKey: "later"))
        record.consumerStarted(onQueue: "leased")
        record.consumerEnded(onQueue: "leased")
        // What was bound later went with the queue on the broker, and is not of the topology.
        #expect(record.snapshot == topology)
    }

    /// The end of a consumer whose queue was deleted says nothing of a queue of that name that was declared since.
    @Test func aLateEndOfAConsumerTakesNoNewQueueAway() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.leased, named: "leased")
        record.consumerStarted(onQueue: "leased")
        record.didDelete(queue: "leased")
        #expect(record.steps.isEmpty)
        record.didDeclare(Self.leased, named: "leased")
        record.consumerEnded(onQueue: "leased")
        #expect(record.steps.count == 1)
        record.consumerStarted(onQueue: "leased")
        record.consumerEnded(onQueue: "leased")
        #expect(record.steps.isEmpty)
    }

    // MARK: Server-named queues

    @Test func aRenameIsFollowedEverywhere() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.reply, named: "gen-1")
        record.didDeclare(Self.reply, named: "other-1")
        record.didBind(.queue("gen-1", to: "e"))
        record.didBind(.exchange("gen-1", to: "e"))
        record.didRename(queue: "gen-1", to: "gen-2")
        record.didRename(queue: "gen-2", to: "gen-3")
        #expect(
            record.steps == [
                .queue(Self.reply, recordedName: "gen-3"), .queue(Self.reply, recordedName: "other-1"),
                .binding(.queue("gen-3", to: "e")), .binding(.exchange("gen-1", to: "e")),
            ])
        #expect(record.snapshot.queues.map(\.name) == ["gen-3", "other-1"])
        for name in ["gen-1", "gen-2", "gen-3"] { #expect(record.currentName(ofQueue: name) == "gen-3") }
        #expect(record.currentName(ofQueue: "unknown") == "unknown")
        record.didRename(queue: "unknown", to: "elsewhere")
        record.didRename(queue: "gen-3", to: "gen-3")
        #expect(record.steps.count == 4)
        record.didDelete(queue: "gen-3")
        #expect(record.currentName(ofQueue: "gen-1") == "gen-1")
        #expect(record.steps.count == 2)
    }

    /// A topology names its server-named queue by the empty name, for good.
    @Test func theServerNamedQueueOfTheTopology() {
        let topology = AMQPTopology(queues: [Self.reply], bindings: [.queue("", to: "amq.fanout")])
        var record = TopologyRecord(declared: topology)
        #expect(record.steps.first == .queue(Self.reply, recordedName: ""))
        for number in 0..<3000 {
            record.didRename(queue: record.currentName(ofQueue: ""), to: "gen-\(number)")
        }
        #expect(record.currentName(ofQueue: "") == "gen-2999")
        #expect(record.currentName(ofQueue: "gen-2500") == "gen-2999")
        #expect(record.snapshot.bindings == [.queue("gen-2999", to: "amq.fanout")])
        #expect(record.currentName(ofQueue: "gen-3") == "gen-3", "names of long ago are not kept for ever")
    }

    @Test func consumersCountUnderEveryName() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(AMQPQueue(name: "", autoDelete: true), named: "gen-1")
        record.consumerStarted(onQueue: "gen-1")
        record.didRename(queue: "gen-1", to: "gen-2")
        record.consumerStarted(onQueue: "gen-2")
        record.consumerEnded(onQueue: "gen-1")
        #expect(record.steps.count == 1)
        record.consumerEnded(onQueue: "gen-1")
        #expect(record.steps.isEmpty)
    }

    /// By its name nobody can declare a server-named queue, but a broker that lets it pass makes it no named one.
    @Test func aServerNamedQueueStaysOne() {
        var record = TopologyRecord(declared: AMQPTopology())
        record.didDeclare(Self.reply, named: "gen-1")
        record.didDeclare(AMQPQueue(name: "gen-1", durable: false, exclusive: true), named: "gen-1")
        #expect(record.steps == [.queue(Self.reply, recordedName: "gen-1")])
    }

    // MARK: In words

    // MARK: What is reported of a part of it

    @Test func aReportOfSomeOfItLeavesTheRestOut() {
        var record = TopologyRecord(
            declared: AMQPTopology(exchanges: [.direct("a")], queues: [.quorum("old"), .serverNamed()]))
        record.didRename(queue: "", to: "gen-1")
        let topology = AMQPTopology(
            exchanges: [.direct("b"), .direct("a")], queues: [.quorum("q"), .quorum("r"), .serverNamed()],
            bindings: [.queue("r", to: "a"), .queue("", to: "b")])
        record.didDeclare(.direct("b"))
        for queue in topology.queues { record.didDeclare(queue, named: queue.name) }
        for binding in topology.bindings { record.didBind(binding) }
        let selection = record.selection(of: topology)
        // Meanwhile the broker has named its queue, twice, and the program has taken a queue back.
        record.didRename(queue: "gen-1", to: "gen-2")
        record.didRename(queue: "", to: "gen-3")
        record.didRename(queue: "gen-3", to: "gen-4")
        record.didDelete(queue: "q")

        let bad = AMQPError(.channelException, "no", replyCode: 406)
        let report = AMQPTopologyReport(
            declared: [],
            failures: [.queue("old"), .queue("r"), .binding(.queue("r", to: "a")), .queue("gen-2")]
                .map { AMQPTopologyFailure(entity: $0, error: bad) },
            renamedQueues: ["gen-1": "gen-2", "gen-3": "gen-4"])
        let part = record.part(of: report, selection)
        #expect(part.failures.map(\.entity) == [.queue("r"), .binding(.queue("r", to: "a"))])
        #expect(
            part.declared == [
                .exchange("a"), .exchange("b"), .queue("gen-4"), .binding(.queue("gen-4", to: "b")),
            ])
        #expect(part.renamedQueues == ["": "gen-4"])
        #expect(record.part(of: report, record.selection(of: AMQPTopology())).isComplete)
    }

    @Test func descriptions() {
        let table: [(AMQPTopologyEntity, String)] = [
            (.exchange("e"), "exchange 'e'"), (.queue("q"), "queue 'q'"), (.queue(""), "the server-named queue"),
            (.binding(.queue("q", to: "e")), "queue 'q' bound to exchange 'e'"),
            (
                .binding(.exchange("f", to: "e", routingKey: "k", arguments: ["a": 1])),
                "exchange 'f' bound to exchange 'e' by 'k' with 1 argument"
            ),
        ]
        for (entity, text) in table { #expect("\(entity)" == text) }
        #expect(AMQPTopology().isEmpty)
        #expect(!AMQPTopology(bindings: [.queue("q", to: "e")]).isEmpty)
    }
}
