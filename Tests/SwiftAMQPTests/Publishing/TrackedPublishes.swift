import Testing

@testable import SwiftAMQP

/// What a tracker told its owners.
struct Told: Equatable, CustomStringConvertible {
    var owner: Int
    var outcome: AMQPPublishOutcome
    var sequence: UInt64

    var description: String { "\(owner)/\(sequence): \(outcome)" }
}

/// An owner with a number. Touched by one test only.
final class NumberedOwner: PublishOwner, @unchecked Sendable {
    let number: Int
    private let isRetained: Bool

    init(_ number: Int, isRetained: Bool = true) {
        self.number = number
        self.isRetained = isRetained
    }

    override var isRetainedByTracker: Bool { isRetained }
}

/// A tracker that writes down what it tells, and takes prints as short names: `content` is exchange, routing key and
/// body, `properties` the properties.
struct TrackedPublishes: ~Copyable {
    var tracker: ConfirmTracker
    private(set) var told: [Told] = []

    init(capacity: Int = 16) { tracker = ConfirmTracker(capacity: capacity) }

    static func fingerprint(_ content: Int, _ properties: Int = 0) -> PublishFingerprint {
        let encoded = [UInt8(truncatingIfNeeded: properties), UInt8(truncatingIfNeeded: properties >> 8)]
        return PublishFingerprint(
            address: PublishFingerprint.addressHash(exchange: "e", routingKey: "\(content)"),
            body: PublishFingerprint.bodyHash(Array("body \(content)".utf8)),
            properties: encoded.withUnsafeBytes { .init($0) })
    }

    /// Publishes with the number that its tag will have.
    @discardableResult
    mutating func publish(
        content: Int? = nil, properties: Int = 0, deadline: Int64 = .max, offset: UInt64? = nil, hasOwner: Bool = true
    ) -> UInt64 {
        let tag = tracker.next
        return tracker.register(
            owner: hasOwner ? NumberedOwner(Int(tag)) : nil, streamOffset: offset ?? tag * 100,
            fingerprint: content.map { Self.fingerprint($0, properties) }, deadline: deadline, sequence: tag + 1000)
    }

    mutating func publish(count: Int) { for _ in 0..<count { publish() } }

    private static func entry(_ owner: Unmanaged<PublishOwner>, _ outcome: AMQPPublishOutcome, _ sequence: UInt64)
        -> Told
    {
        let number = (owner.takeUnretainedValue() as? NumberedOwner)?.number ?? -1
        return Told(owner: number, outcome: outcome, sequence: sequence)
    }

    mutating func acknowledge(
        _ tag: UInt64, multiple: Bool = false, positive: Bool = true
    ) throws(ConfirmTracker.AcknowledgeError) {
        var new: [Told] = []
        defer { told += new }
        try tracker.acknowledge(tag: tag, multiple: multiple, positive: positive) { new.append(Self.entry($0, $1, $2)) }
    }

    mutating func returned(_ content: Int, _ properties: Int = 0, code: UInt16 = 312) -> UInt64? {
        tracker.markReturned(fingerprint: Self.fingerprint(content, properties), code: code, text: "NO_ROUTE")
    }

    mutating func expire(_ now: Int64) {
        var new: [Told] = []
        tracker.expire(now: now) { new.append(Self.entry($0, $1, $2)) }
        told += new
    }

    mutating func failAll(written: UInt64, _ reason: AMQPPublishOutcome.Reason = .connectionClosed) {
        var new: [Told] = []
        tracker.failAll(bytesWritten: written, reason: reason) { new.append(Self.entry($0, $1, $2)) }
        told += new
    }

    /// What was told since the last time, by owner.
    mutating func take() -> [Told] {
        defer { told = [] }
        return told
    }
}

func told(_ outcome: AMQPPublishOutcome, _ tags: Int...) -> [Told] {
    tags.map { Told(owner: $0, outcome: outcome, sequence: UInt64($0) + 1000) }
}
