import ClientTestSupport
import TestSupport
import Testing

@testable import SwiftAMQP

/// A supervised consumer of a matrix session that writes down what it was given and what became of it, and that holds some
/// messages for as long as a test wants, as handlers do that are busy when a fault comes.
///
/// The messages of publisher ``held`` wait at ``first`` when they come for the first time, and at ``again`` after that. All
/// others are acknowledged at once.
final class MatrixConsumer: Sendable {
    static let held: UInt32 = 1

    let consumer: AMQPConsumer
    let first: Gate
    let again: Gate
    private let arrivals: Locked<[Arrival]>

    enum End: Sendable, Equatable {
        case running
        /// Acknowledged by the handler itself, which knows therefore.
        case acked
        case stale
        /// Left to the consumer to acknowledge.
        case returned
        case failed(AMQPError.Code)
    }

    struct Arrival: Sendable {
        let id: MessageID
        let number: Int
        /// Keeps the channel that it came on, so that no other one is taken for it.
        let delivery: AMQPDelivery
        var end = End.running

        var channel: ObjectIdentifier { ObjectIdentifier(delivery.batch.consumer.channel) }
    }

    /// - Parameter onHold: Runs in the handler of a message that is held, before it waits.
    init(
        _ client: AMQPClient, _ configuration: AMQPConsumerConfiguration, log: CheckLog,
        onHold: @escaping @Sendable (Arrival) async throws -> Void = { _ in }
    ) throws {
        let (first, again, arrivals) = (Gate(), Gate(), Locked<[Arrival]>([]))
        consumer = try client.consume(configuration) { delivery in
            guard case .message(let id) = CheckedMessage.read(delivery.body) else { return .ack }
            log.delivered(delivery)
            let (arrival, index) = arrivals.withLock { arrivals in
                let number = arrivals.count { $0.id == id } + 1
                arrivals.append(Arrival(id: id, number: number, delivery: delivery))
                return (arrivals[arrivals.count - 1], arrivals.count - 1)
            }
            guard id.publisher == Self.held else {
                arrivals.withLock { $0[index].end = .returned }
                return .ack
            }
            do {
                try await onHold(arrival)
            } catch {
                arrivals.withLock { $0[index].end = .returned }
                throw error
            }
            await (arrival.number == 1 ? first : again).pass()
            do throws(AMQPError) {
                try delivery.ack()
                arrivals.withLock { $0[index].end = .acked }
                return .settledByHandler
            } catch {
                let end = error.code == .stale ? End.stale : .failed(error.code)
                arrivals.withLock { $0[index].end = end }
                return .ack
            }
        }
        (self.first, self.again, self.arrivals) = (first, again, arrivals)
    }

    func release() {
        first.open()
        again.open()
    }

    // MARK: What it has seen

    var all: [Arrival] { arrivals.withLock { $0 } }

    /// What was held when it came for the first time.
    var heldFirst: [Arrival] { all.filter { $0.id.publisher == Self.held && $0.number == 1 } }
    /// What was held when it came again, the last of each message.
    var heldAgain: [Arrival] {
        var last: [MessageID: Arrival] = [:]
        for arrival in all where arrival.id.publisher == Self.held && arrival.number > 1 { last[arrival.id] = arrival }
        return Array(last.values)
    }

    /// The messages that a handler is done with, and has not found stale.
    var handled: Set<MessageID> {
        Set(all.lazy.filter { $0.end == .acked || $0.end == .returned }.map(\.id))
    }

    // MARK: Expectations

    func expectHeld(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("\(count) are held", sourceLocation: sourceLocation) {
            self.heldFirst.count { $0.end == .running } == count
        }
    }

    func expectHandled(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually(within: .seconds(40), "\(count) are handled", sourceLocation: sourceLocation) {
            self.handled.count == count
        }
        #expect(handled.count == count, "\(consumer.counts)", sourceLocation: sourceLocation)
    }

    /// Lets those that are held since before the fault go on: what they do now hits nothing.
    func expectStale(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually(within: .seconds(40), "what was held comes again", sourceLocation: sourceLocation) {
            self.heldAgain.count == count
        }
        #expect(heldAgain.allSatisfy { $0.delivery.isRedelivered }, sourceLocation: sourceLocation)
        first.open()
        try await eventually("the old handlers are back", sourceLocation: sourceLocation) {
            self.heldFirst.allSatisfy { $0.end != .running } && self.consumer.counts.stale >= UInt64(count)
        }
        #expect(heldFirst.map(\.end) == Array(repeating: .stale, count: count), sourceLocation: sourceLocation)
        // Those that came again are still this side's, whatever number the old ones had.
        #expect(heldAgain.allSatisfy { $0.delivery.isUnsettled }, sourceLocation: sourceLocation)
        again.open()
    }

    /// Lets those that are held go on: what they do counts.
    func expectAcks(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        first.open()
        try await eventually("the handlers are back", sourceLocation: sourceLocation) {
            self.heldFirst.allSatisfy { $0.end != .running }
        }
        #expect(heldFirst.map(\.end) == Array(repeating: .acked, count: count), sourceLocation: sourceLocation)
    }

    /// What holds for every row: no tag of a channel came to two handlers.
    func expectSound(sourceLocation: SourceLocation = #_sourceLocation) {
        var tags: [ObjectIdentifier: Set<UInt64>] = [:]
        for arrival in all {
            let isNew = tags[arrival.channel, default: []].insert(arrival.delivery.deliveryTag).inserted
            #expect(isNew, "\(arrival.delivery) of \(arrival.id) came twice", sourceLocation: sourceLocation)
            if arrival.number > 1 {
                // Another attempt of the publisher says so itself.
                let isFlagged =
                    arrival.delivery.isRedelivered
                    || arrival.delivery.properties.headers[AMQPMessage.attemptHeader] != nil
                #expect(isFlagged, "\(arrival.id)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Nothing came that had come before.
    func expectNothingRedelivered(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(all.allSatisfy { $0.number == 1 && !$0.delivery.isRedelivered }, sourceLocation: sourceLocation)
        #expect(consumer.counts.stale == 0, sourceLocation: sourceLocation)
    }
}
