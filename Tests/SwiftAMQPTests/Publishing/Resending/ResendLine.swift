import AMQPTransport

@testable import SwiftAMQP

/// A ``ResendQueue`` with publishes that have names, driven the way its publisher does. Touched by one test only.
final class ResendLine {
    private var queue: ResendQueue
    private let publisher: ResendingPublisher
    private var tag: UInt64 = 0
    private(set) var flying: [ResendingPublish] = []
    var now: Int64 = 1_000_000_000
    /// How publishes ended, by name.
    private(set) var ended: [String: AMQPPublishOutcome] = [:]

    static let overhead = 512

    init(messages: Int = 1000, bytes: Int = 1 << 30) {
        let backoff = AMQPBackoff(initial: .milliseconds(100), maximum: .milliseconds(100), multiplier: 1)
        queue = ResendQueue(limits: .init(messages: messages, bytes: bytes), backoff: backoff)
        publisher = ResendingPublisher(
            limits: .init(messages: 1, bytes: 1), backoff: backoff, whenFull: .suspend, timeout: .seconds(30),
            messageIDPrefix: nil, counters: PublishCounters())
    }

    // MARK: State

    var count: Int { queue.count }
    var bytes: Int { queue.bytes }
    var inFlight: Int { queue.inFlight }
    var isEmpty: Bool { queue.isEmpty }
    var isAnybodyOutside: Bool { queue.isAnybodyOutside }
    var nextWake: Int64 { queue.nextWake }
    var parked: ResendingPublish? { queue.parked }

    // MARK: Publishes

    func make(
        _ name: String, size: Int = 0, policy: AMQPDeliveryPolicy = .atLeastOnce, deadline: Int64 = .max
    ) -> ResendingPublish {
        var properties = AMQPProperties()
        properties.messageID = name
        return ResendingPublish(
            AMQPMessage(body: [UInt8](repeating: 0, count: size), properties: properties), to: .queue("q"),
            isMandatory: false, policy: policy, deadline: deadline, publisher: publisher)
    }

    @discardableResult
    func accept(_ publish: ResendingPublish) -> Bool { queue.accept(publish) }

    /// Takes publishes of these names in.
    func accept(_ names: String...) -> [ResendingPublish] {
        let all = names.map { make($0) }
        for publish in all { accept(publish) }
        return all
    }

    func waitOutside(_ publish: ResendingPublish) { queue.waitOutside(publish) }

    func admitOutside() -> [String] {
        var names: [String] = []
        queue.admitOutside { names.append($0.name) }
        return names
    }

    func canMakeRoom(for publish: ResendingPublish) -> Bool { queue.canMakeRoom(for: publish) }

    func popOldestUnsent() -> String? {
        guard let oldest = queue.popOldestUnsent() else { return nil }
        finish(oldest, .notSent(reason: .dropped))
        return oldest.name
    }

    // MARK: Sending

    func next() -> ResendingPublish? { queue.next() }

    func didSend(_ publish: ResendingPublish) {
        tag += 1
        queue.didSend(publish, tag: tag)
        flying.append(publish)
    }

    /// Sends whatever may go; gives the names.
    @discardableResult
    func send(atMost limit: Int = .max) -> [String] {
        var names: [String] = []
        while names.count < limit, let publish = queue.next() {
            didSend(publish)
            names.append(publish.name)
        }
        return names
    }

    /// The next one has to wait in the queue of the channel.
    func park() -> ResendingPublish? {
        guard let publish = queue.next() else { return nil }
        queue.didPark(publish)
        return publish
    }

    func encodeParked() {
        guard let publish = queue.parked else { return }
        tag += 1
        queue.didEncode(publish, tag: tag)
        flying.append(publish)
    }

    func putBack(_ publish: ResendingPublish) { queue.putBack(publish) }

    // MARK: Ends

    func end(_ publish: ResendingPublish, _ outcome: AMQPPublishOutcome, random: UInt64 = 0) {
        flying.removeAll { $0 === publish }
        if let final = queue.attemptEnded(publish, outcome, now: now, random: random) { finish(publish, final) }
    }

    /// The channel ends, and with it everything on it. Gives the culprit's name.
    @discardableResult
    func lose(_ error: AMQPError, notSentFrom first: Int = .max) -> String? {
        let reason: AMQPPublishOutcome.Reason = error.code == .channelException ? .channelClosed : .connectionClosed
        for (index, publish) in flying.enumerated() {
            end(publish, index < first ? .unknown(reason: reason) : .notSent(reason: reason))
        }
        if let parked = queue.parked { end(parked, .notSent(reason: reason)) }
        return channelEnded(error)
    }

    func channelEnded(_ error: AMQPError) -> String? {
        guard let culprit = queue.channelEnded(error) else { return nil }
        finish(culprit, .notSent(reason: .rejected))
        return culprit.name
    }

    @discardableResult
    func withdraw(_ publish: ResendingPublish, _ reason: AMQPPublishOutcome.Reason = .cancelled) -> AMQPPublishOutcome?
    {
        flying.removeAll { $0 === publish }
        guard let outcome = queue.withdraw(publish, reason: reason) else { return nil }
        finish(publish, outcome)
        return outcome
    }

    func expire() -> [String] {
        var expired: [(ResendingPublish, AMQPPublishOutcome)] = []
        queue.expire(now: now) { expired.append(($0, $1)) }
        for (publish, outcome) in expired { finish(publish, outcome) }
        return expired.map(\.0.name)
    }

    private func finish(_ publish: ResendingPublish, _ outcome: AMQPPublishOutcome) {
        var wakeups = Wakeups()
        precondition(ended[publish.name] == nil, "\(publish.name) ended twice")
        ended[publish.name] = publish.finish(outcome, tells: nil, &wakeups)
    }
}

extension ResendingPublish {
    var name: String { message.properties.messageID ?? "" }
    var isFinished: Bool { if case .finished = place { true } else { false } }
}

extension AMQPError {
    static let lostConnection = AMQPError(.connectionLost, "lost")
    static func exception(_ code: UInt16) -> AMQPError { AMQPError(.channelException, "no", replyCode: code) }
}
