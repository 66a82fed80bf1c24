import Testing

@testable import SwiftAMQP

@Suite struct AMQPQueueTests {
    @Test func aQueueIsDurableUnlessToldOtherwise() {
        for queue in [AMQPQueue(name: "q"), .quorum("q"), .classic("q"), .stream("q")] {
            #expect(queue.name == "q")
            #expect(queue.isDurable)
            #expect(!queue.isExclusive)
            #expect(!queue.isAutoDelete)
        }
        #expect(AMQPQueue(name: "q").arguments.isEmpty)
    }

    @Test func aServerNamedQueueIsPrivateAndTransient() {
        let queue = AMQPQueue.serverNamed(arguments: ["x-expires": 5])
        #expect(queue.name == "")
        #expect(queue.isExclusive)
        #expect(!queue.isDurable)
        #expect(queue.arguments["x-expires"] == 5)
    }

    @Test func quorum() {
        #expect(AMQPQueue.quorum("q").arguments == ["x-queue-type": "quorum"])
        let queue = AMQPQueue.quorum(
            "q", deliveryLimit: 5, deadLetterExchange: "dlx", deadLetterRoutingKey: "dead", maximumLength: 1 << 40,
            overflow: .rejectPublish)
        #expect(queue.arguments["x-delivery-limit"] == .int32(5))
        #expect(queue.arguments["x-dead-letter-exchange"] == "dlx")
        #expect(queue.arguments["x-dead-letter-routing-key"] == "dead")
        #expect(queue.arguments["x-max-length"] == .int64(1 << 40))
        #expect(queue.arguments["x-overflow"] == "reject-publish")
        #expect(queue.arguments.count == 6)
    }

    @Test func classic() {
        #expect(AMQPQueue.classic("q").arguments == ["x-queue-type": "classic"])
        let queue = AMQPQueue.classic(
            "q", durable: false, exclusive: true, autoDelete: true, messageTTL: .seconds(60), expires: .seconds(1800),
            overflow: .rejectPublishDeadLetter, maximumPriority: 10)
        #expect(!queue.isDurable)
        #expect(queue.isExclusive)
        #expect(queue.isAutoDelete)
        #expect(queue.arguments["x-message-ttl"] == .int64(60_000))
        #expect(queue.arguments["x-expires"] == .int64(1_800_000))
        #expect(queue.arguments["x-max-priority"] == .int32(10))
        #expect(queue.arguments["x-overflow"] == "reject-publish-dlx")
    }

    @Test func stream() {
        let queue = AMQPQueue.stream(
            "q", maximumLengthBytes: 5_000_000_000, maximumAge: "7D", maximumSegmentSizeBytes: 100)
        #expect(
            queue.arguments == [
                "x-queue-type": "stream", "x-max-length-bytes": .int64(5_000_000_000), "x-max-age": "7D",
                "x-stream-max-segment-size-bytes": .int64(100),
            ])
    }

    /// What the program says in the table is the last word.
    @Test func furtherArgumentsWin() {
        let table: AMQPTable = ["x-max-length": .int32(1), "x-queue-type": "other", "x-mine": true]
        for queue in [
            AMQPQueue.quorum("q", maximumLength: 5, arguments: table),
            .classic("q", maximumLength: 5, arguments: table), .stream("q", arguments: table),
        ] {
            #expect(queue.arguments["x-max-length"] == .int32(1))
            #expect(queue.arguments["x-queue-type"] == "other")
            #expect(queue.arguments["x-mine"] == true)
            #expect(queue.arguments.count == 3)
        }
    }

    /// Part of a millisecond is never "at once", and no duration traps.
    @Test func durationsAreRoundedUpAndSaturate() {
        let table: [(Duration, Int64)] = [
            (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2), (.seconds(3), 3000),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min), (.milliseconds(-5), -5),
        ]
        for (duration, milliseconds) in table { #expect(duration.wholeMilliseconds == milliseconds, "\(duration)") }
    }

    @Test func exchanges() {
        let kinds = [AMQPExchange.direct("e"), .fanout("e"), .topic("e"), .headers("e")].map(\.kind.rawValue)
        #expect(kinds == ["direct", "fanout", "topic", "headers"])
        let exchange = AMQPExchange(name: "e", kind: "x-consistent-hash")
        #expect(exchange.isDurable)
        #expect(!exchange.isAutoDelete)
        #expect(!exchange.isInternal)
        #expect(exchange.kind.rawValue == "x-consistent-hash")
    }
}
