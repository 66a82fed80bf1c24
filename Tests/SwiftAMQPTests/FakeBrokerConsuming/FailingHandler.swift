import TestSupport

@testable import SwiftAMQP

/// What failed deliveries come to: copies go to a stand-in for a broker, and events are kept.
final class FailingHandler: Sendable {
    let failures: FailedDeliveries
    private let log: Locked<[AMQPFailureEvent]>
    private let copies: Locked<[(AMQPMessage, AMQPAddress)]>

    var events: [AMQPFailureEvent] { log.withLock { $0 } }
    /// What was published.
    var published: [(AMQPMessage, AMQPAddress)] { copies.withLock { $0 } }

    init(
        _ policy: AMQPFailurePolicy,
        publish: @escaping @Sendable (AMQPMessage) async throws(AMQPError) -> Void = { (_) throws(AMQPError) in }
    ) {
        let log = Locked<[AMQPFailureEvent]>([])
        let copies = Locked<[(AMQPMessage, AMQPAddress)]>([])
        self.log = log
        self.copies = copies
        failures = FailedDeliveries(policy: policy, queue: "q") { (message, address) throws(AMQPError) in
            copies.withLock { $0.append((message, address)) }
            try await publish(message)
        } report: { event in
            log.withLock { $0.append(event) }
        }
    }

    func fail(_ delivery: AMQPDelivery) {
        failures.take(delivery, error: AMQPHandlerFailure(kind: "Broken", text: "it broke"))
    }

    /// The events as they are logged, without what differs from run to run.
    var story: [String] {
        events.map { event in
            let what =
                switch event.action {
                case .requeued(let delay): delay == .zero ? "requeued at once" : "requeued"
                case .rejected: "rejected"
                case .retried(let queue): "retried in \(queue)"
                case .parked(let queue): "parked in \(queue)"
                case .publishFailed(let queue, let error, let delay):
                    "not confirmed in \(queue), \(error.code)\(delay == .zero ? ", at once" : "")"
                }
            return "\(event.attempt)\(event.isExhausted ? " last" : ""): \(what)\(event.isDuplicated ? ", twice" : "")"
        }
    }
}

extension FakeStep {
    /// A delivery of consumer c with a message id, or a header table in bytes.
    static func deliverFailing(
        _ tag: UInt64, redelivered: Bool = false, id: String? = nil, headers: [UInt8]? = nil
    ) -> FakeStep {
        let flags: UInt16 = (id == nil ? 0 : 0x0080) | (headers == nil ? 0 : 0x2000)
        return .steps(
            "deliver",
            [
                .sendMethod(1, .basicDeliver) {
                    $0.shortString("c")
                    $0.u64(tag)
                    $0.bits(redelivered)
                    $0.shortString("events")
                    $0.shortString("key")
                },
                .send(
                    .header(1, bodySize: 1, flags: flags) {
                        if let headers { $0.raw(headers) }
                        if let id { $0.shortString(id) }
                    }, .body(1, [120])),
            ])
    }

    /// This many settles of whatever kind.
    static func settles(_ count: Int) -> FakeStep {
        FakeStep("\(count) settles") { (connection) throws(HarnessError) in
            var left = count
            while left > 0 {
                guard let frame = try connection.nextFrame() else {
                    throw HarnessError(.script, "expected \(left) more settles")
                }
                let id = frame.type == WireFrame.method ? try WireMethod(payload: frame.payload).id : nil
                guard id == .basicAck || id == .basicNack || id == .basicReject else {
                    throw HarnessError(.script, "expected a settle, received \(frame)")
                }
                left -= 1
            }
        }
    }
}

extension FakeTranscript {
    /// The settles of channel 1, in words.
    var settles: [String] {
        session.filter { ["basic.ack", "basic.nack", "basic.reject"].contains(String($0.prefix { $0 != " " })) }
            .map { $0.replacing(" ch1 tag=", with: " ").replacing(" multiple=false", with: "") }
    }
}
