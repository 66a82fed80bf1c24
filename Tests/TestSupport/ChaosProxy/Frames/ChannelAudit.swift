/// What an audit knows of one channel of one connection.
struct ChannelAudit: Sendable {
    struct Consumer: Sendable {
        var queue: String
        var noAck: Bool
        var prefetch: Int
        var unsettled = 0
        /// Deliveries that were on their way may still come.
        var isCancelled = false
    }

    private struct Delivery: Sendable {
        var consumer: String?
        /// Whether the client can know of it.
        var isPassed: Bool
    }

    private(set) var consumers: [String: Consumer] = [:]
    /// Deliveries in the order of their tags, which rise.
    private(set) var unsettled: [UInt64] = []
    private var deliveries: [UInt64: Delivery] = [:]
    /// Requests whose answer has to be told apart: consumers without a tag of their own, and basic.get.
    private var starting: [(tag: String, consumer: Consumer)] = []
    private var gets: [Bool] = []
    /// The limit of consumers that come, and that of the channel as a whole; 0 is none.
    private var prefetch = 0
    private var channelPrefetch = 0
    private var lastQueue = ""

    /// A message for the client. Says how many are unsettled at its consumer, and whether those are too many.
    mutating func deliver(_ record: FrameRecord, isGet: Bool) -> (unsettled: Int, isOver: Bool) {
        if isGet {
            let noAck = gets.isEmpty ? false : gets.removeFirst()
            if !noAck { insert(record, consumer: nil) }
            return (0, false)
        }
        // A broker may deliver before it has answered the request.
        let known = consumers[record.consumerTag] ?? starting.first { $0.tag == record.consumerTag }?.consumer
        guard let known else {
            // Nobody saw it start; what it delivers may be settled all the same.
            insert(record, consumer: nil)
            return (0, false)
        }
        if known.noAck { return (0, false) }
        if consumers[record.consumerTag] == nil { consumers[record.consumerTag] = known }
        insert(record, consumer: record.consumerTag)
        let count = known.unsettled + 1
        consumers[record.consumerTag]?.unsettled = count
        let isOver =
            (known.prefetch > 0 && count > known.prefetch)
            || (channelPrefetch > 0 && deliveries.count > channelPrefetch)
        return (count, isOver)
    }

    /// An ack, nack or reject. False where it names what the client does not hold.
    mutating func settle(_ record: FrameRecord) -> Bool {
        let tag = record.deliveryTag
        guard record.flag else {
            guard deliveries[tag]?.isPassed == true else { return false }
            remove(tag)
            unsettled.removeAll { $0 == tag }
            return true
        }
        // Tag 0 is everything, which may be nothing. Any other tag has to be held or lie behind one that is.
        if tag != 0, deliveries[tag]?.isPassed != true { return false }
        let covered = tag == 0 ? unsettled[...] : unsettled.prefix { $0 <= tag }
        for tag in covered { remove(tag) }
        unsettled.removeFirst(covered.count)
        return true
    }

    /// Everything else that matters.
    mutating func follow(_ record: FrameRecord, _ id: WireMethodID) {
        switch (record.direction, id) {
        case (.serverToClient, .queueDeclareOK): lastQueue = record.queue
        case (.clientToServer, .basicQos):
            if record.flag { channelPrefetch = Int(record.prefetch) } else { prefetch = Int(record.prefetch) }
        case (.clientToServer, .basicConsume):
            let queue = record.queue.isEmpty ? lastQueue : record.queue
            let consumer = Consumer(queue: queue, noAck: record.flag, prefetch: prefetch)
            if record.noWait {
                consumers[record.consumerTag] = consumer
            } else {
                if consumers[record.consumerTag]?.isCancelled == true { consumers[record.consumerTag] = nil }
                starting.append((record.consumerTag, consumer))
            }
        case (.serverToClient, .basicConsumeOK):
            let named = starting.firstIndex { $0.tag == record.consumerTag || $0.tag.isEmpty }
            guard let index = named else { return }
            let (_, consumer) = starting.remove(at: index)
            if consumers[record.consumerTag] == nil { consumers[record.consumerTag] = consumer }
        case (.clientToServer, .basicGet): if record.isPassed { gets.append(record.flag) }
        case (.serverToClient, .basicGetEmpty): if !gets.isEmpty { gets.removeFirst() }
        // By the client, or by the broker. What it delivered may still be settled.
        case (_, .basicCancel): consumers[record.consumerTag]?.isCancelled = true
        case (.serverToClient, .basicRecoverOK):
            for tag in unsettled { remove(tag) }
            unsettled = []
        default: break
        }
    }

    private mutating func insert(_ record: FrameRecord, consumer: String?) {
        if deliveries.updateValue(Delivery(consumer: consumer, isPassed: record.isPassed), forKey: record.deliveryTag)
            == nil
        {
            unsettled.append(record.deliveryTag)
        }
    }

    private mutating func remove(_ tag: UInt64) {
        guard let delivery = deliveries.removeValue(forKey: tag), let consumer = delivery.consumer else { return }
        consumers[consumer]?.unsettled -= 1
    }
}
