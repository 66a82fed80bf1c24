internal import AMQPWire

/// How often messages have failed here: what the message itself says, what its queue says, or else what was noted.
///
/// Notes are bounded: the message that failed longest ago is forgotten first, and counted anew if it fails again. Messages
/// of one id, or without an id of the same content, share a note.
struct FailedAttempts {
    /// How often a message had failed before.
    struct Count: Equatable {
        /// It came back through retry queues so often.
        var retries: Int
        /// It was given back to its queue so often since.
        var requeues: Int

        var total: Int { retries + requeues }
    }

    /// A delivery as far as it matters here.
    struct Message {
        var key: Key
        var retries = 0
        /// What a quorum queue says.
        var returns: Int?
        var isRedelivered: Bool
    }

    /// What a message is known by.
    enum Key: Hashable {
        case id(String)
        /// Of exchange, routing key and body; and of the properties.
        case content(UInt64, UInt64)
    }

    private struct Note {
        var failures: Int
        /// The place in `order` that counts; earlier ones of this message are void.
        var stamp: UInt64
    }

    private let capacity: Int
    private var notes: [Key: Note] = [:]
    private var order = FIFO<(key: Key, stamp: UInt64)>()
    private var nextStamp: UInt64 = 0

    /// - Parameter capacity: How many messages are kept in mind, 1 or more.
    init(capacity: Int = 10_000) { self.capacity = max(1, capacity) }

    /// How many messages are kept in mind.
    var noted: Int { notes.count }

    /// The message has failed.
    ///
    /// - Returns: How often it had failed before.
    mutating func recordFailure(of message: Message) -> Count {
        let noted = message.isRedelivered ? notes[message.key]?.failures ?? 0 : 0
        let requeues = message.returns ?? noted
        note(message.key, failures: requeues + 1)
        return Count(retries: message.retries, requeues: requeues)
    }

    /// The message was handled, or has left its queue.
    mutating func forget(_ key: Key) { notes[key] = nil }

    private mutating func note(_ key: Key, failures: Int) {
        nextStamp &+= 1
        notes[key] = Note(failures: failures, stamp: nextStamp)
        order.append((key, nextStamp))
        while notes.count > capacity, let oldest = order.popFirst() {
            if notes[oldest.key]?.stamp == oldest.stamp { notes[oldest.key] = nil }
        }
        // What was forgotten or noted again has left its places behind.
        if order.count > 2 * notes.count + 64 {
            _ = order.removeAll { [notes] in notes[$0.key]?.stamp != $0.stamp }
        }
    }
}

extension FailedAttempts.Key {
    /// By the message id, or by everything that a redelivery leaves as it is.
    init(_ delivery: AMQPDelivery) {
        var properties = delivery.properties
        if let id = properties.messageID, !id.isEmpty {
            self = .id(id)
            return
        }
        if properties.hasHeaders { properties.headers["x-delivery-count"] = nil }
        let address = PublishFingerprint.addressHash(exchange: delivery.exchange, routingKey: delivery.routingKey)
        var hasher = Hasher()
        hasher.combine(properties)
        self = .content(
            ByteHash.combine(address, PublishFingerprint.bodyHash(delivery.body)),
            UInt64(bitPattern: Int64(hasher.finalize())))
    }
}

extension FailedAttempts.Message {
    init(_ delivery: AMQPDelivery) {
        let properties = delivery.properties
        self.init(
            key: FailedAttempts.Key(delivery), retries: properties.retryCount, returns: properties.returnCount,
            isRedelivered: delivery.isRedelivered)
    }
}
