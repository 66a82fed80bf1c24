import SwiftAMQP
import TestSupport

/// One connection to ``FakeQueues``: delivers as far as the prefetch goes, takes settles, and does harm where it is told to.
struct FakeQueueSession {
    private struct Consumer {
        var queue: String
        var tag: String
        var prefetch: Int
        var isAutomatic: Bool
        /// As sent on the wire, to the message.
        var unsettled: [UInt64: Int] = [:]
    }

    private struct Channel {
        var prefetch = 0
        var lastTag: UInt64 = 0
        var consumers: [Consumer] = []
        /// What consumers left that are gone.
        var orphans: [UInt64: (queue: String, message: Int)] = [:]
        var isClosing = false
    }

    private let queues: FakeQueues
    private var random: SeededGenerator
    private let faults: [FakeFault]
    private let percent: Int
    private var channels: [UInt16: Channel] = [:]
    private var isOver = false

    init(queues: FakeQueues, random: SeededGenerator, faults: [FakeFault], percent: Int) {
        self.queues = queues
        self.random = random
        self.faults = faults
        self.percent = percent
    }

    mutating func run(_ connection: FakeConnection) throws(HarnessError) {
        while !isOver {
            try deliver(connection)
            // What another connection gave back may have to go out here.
            guard try connection.hasInput(within: .milliseconds(5)) else { continue }
            guard let frame = try connection.nextFrame() else { return }
            if frame.type == WireFrame.heartbeat { continue }
            guard frame.type == WireFrame.method else { throw HarnessError(.script, "unexpected \(frame)") }
            try take(try WireMethod(payload: frame.payload), frame.channel, connection)
            if !isOver, let fault = queues.nextFault(&random, of: faults, percent: percent) {
                try harm(fault, frame.channel, connection)
            }
        }
    }

    /// The connection is gone: everything that it had comes again.
    mutating func end() {
        for id in channels.keys { giveBack(id) }
        channels = [:]
    }

    // MARK: What the client says

    private mutating func take(
        _ method: WireMethod, _ id: UInt16, _ connection: FakeConnection
    ) throws(HarnessError) {
        switch method.id {
        case .connectionClose:
            end()
            isOver = true
            try connection.send(.method(0, .connectionCloseOK))
            return try connection.expectClose()
        case .connectionCloseOK:
            isOver = true
            return try connection.expectClose()
        case .channelOpen:
            if channels[id] != nil { queues.complain("channel \(id) is opened twice") }
            channels[id] = Channel()
            return try connection.send(.method(id, .channelOpenOK) { $0.longString("") })
        case .channelClose:
            giveBack(id)
            channels[id] = nil
            return try connection.send(.method(id, .channelCloseOK))
        case .channelCloseOK:
            if channels[id]?.isClosing == true { channels[id] = nil }
            return
        default: break
        }
        guard let channel = channels[id] else { return queues.complain("\(method.name) on channel \(id), not open") }
        // Until the client has heard of the end, a broker drops what comes.
        guard !channel.isClosing else { return }
        switch method.id {
        case .basicQos:
            channels[id]?.prefetch = Int(method["prefetchCount"]?.integer ?? 0)
            try connection.send(.method(id, .basicQosOK))
        case .basicConsume: try consume(method, id, connection)
        case .basicCancel:
            let tag = method["consumerTag"]?.text ?? ""
            drop(tag, id)
            try connection.send(.method(id, .basicCancelOK) { $0.shortString(tag) })
        case .basicAck: settle(method, id) { $0.acked[$1, default: 0] += 1 }
        case .basicNack, .basicReject:
            let requeues = method["requeue"] == .bool(true)
            settle(method, id) { queue, message in
                if requeues { queue.ready.insert(message, at: 0) } else { queue.rejected.insert(message) }
            }
        default: break
        }
    }

    private mutating func consume(
        _ method: WireMethod, _ id: UInt16, _ connection: FakeConnection
    ) throws(HarnessError) {
        let queue = method["queue"]?.text ?? ""
        let tag = method["consumerTag"]?.text ?? ""
        if channels[id]?.consumers.contains(where: { $0.tag == tag }) == true {
            queues.complain("two consumers are called '\(tag)' on channel \(id)")
        }
        if let fault = queues.nextFault(&random, of: faults, percent: percent) {
            if fault == .refuseConsume { return try close(id, 404, connection) }
            if fault == .slowConsumeOK {
                try connection.pause(milliseconds: 20)
            } else {
                try harm(fault, id, connection)
                guard !isOver, channels[id]?.isClosing == false else { return }
            }
        }
        queues.change(queue) { $0.subscriptions += 1 }
        let prefetch = channels[id]?.prefetch ?? 0
        let isAutomatic = method["noAck"] == .bool(true)
        channels[id]?.consumers.append(
            Consumer(queue: queue, tag: tag, prefetch: prefetch, isAutomatic: isAutomatic))
        try connection.send(.method(id, .basicConsumeOK) { $0.shortString(tag) })
    }

    private mutating func settle(
        _ method: WireMethod, _ id: UInt16, _ change: (inout FakeQueues.Queue, Int) -> Void
    ) {
        guard let tag = method["tag"]?.integer, var channel = channels[id] else { return }
        let isMultiple = method["multiple"] == .bool(true)
        var isKnown = false
        for index in channel.consumers.indices {
            let tags = channel.consumers[index].unsettled.keys.filter { isMultiple ? $0 <= tag : $0 == tag }
            for tag in tags.sorted(by: >) {
                guard let message = channel.consumers[index].unsettled.removeValue(forKey: tag) else { continue }
                isKnown = true
                queues.change(channel.consumers[index].queue) { change(&$0, message) }
            }
        }
        for tag in channel.orphans.keys.filter({ isMultiple ? $0 <= tag : $0 == tag }).sorted(by: >) {
            guard let orphan = channel.orphans.removeValue(forKey: tag) else { continue }
            isKnown = true
            queues.change(orphan.queue) { change(&$0, orphan.message) }
        }
        channels[id] = channel
        if !isKnown { queues.complain("\(method.name) of tag \(tag) on channel \(id), which is not unsettled there") }
    }

    // MARK: What the broker does

    private mutating func deliver(_ connection: FakeConnection) throws(HarnessError) {
        for id in channels.keys.sorted() {
            guard var channel = channels[id], !channel.isClosing else { continue }
            var bytes: [UInt8] = []
            for index in channel.consumers.indices {
                var consumer = channel.consumers[index]
                while consumer.prefetch == 0 || consumer.unsettled.count < consumer.prefetch {
                    let next = queues.change(consumer.queue) { queue -> (message: Int, isAgain: Bool)? in
                        guard !queue.ready.isEmpty else { return nil }
                        let message = queue.ready.removeFirst()
                        if consumer.isAutomatic { queue.acked[message, default: 0] += 1 }
                        let isAgain = !queue.delivered.insert(message).inserted
                        if isAgain { queue.redeliveries += 1 }
                        return (message, isAgain)
                    }
                    guard let next else { break }
                    channel.lastTag += 1
                    if !consumer.isAutomatic { consumer.unsettled[channel.lastTag] = next.message }
                    let body = Array("\(next.message)".utf8)
                    bytes +=
                        WireFrame.deliver(
                            channel.lastTag, to: consumer.tag, channel: id, redelivered: next.isAgain,
                            routingKey: consumer.queue
                        ).bytes
                    bytes += WireFrame.header(id, bodySize: UInt64(body.count)).bytes
                    bytes += WireFrame.body(id, body).bytes
                    if consumer.isAutomatic, bytes.count > 4096 { break }
                }
                channel.consumers[index] = consumer
            }
            channels[id] = channel
            if !bytes.isEmpty { try connection.send(bytes) }
        }
    }

    /// The consumer is gone; what it has not settled stays with the channel.
    private mutating func drop(_ tag: String, _ id: UInt16) {
        guard var channel = channels[id], let index = channel.consumers.firstIndex(where: { $0.tag == tag }) else {
            return
        }
        let consumer = channel.consumers.remove(at: index)
        for (tag, message) in consumer.unsettled { channel.orphans[tag] = (consumer.queue, message) }
        channels[id] = channel
    }

    /// Everything that the channel had comes again, in its order.
    private mutating func giveBack(_ id: UInt16) {
        guard var channel = channels[id] else { return }
        var all = channel.orphans
        for consumer in channel.consumers {
            for (tag, message) in consumer.unsettled { all[tag] = (consumer.queue, message) }
        }
        for (_, one) in all.sorted(by: { $0.key > $1.key }) {
            queues.change(one.queue) { $0.ready.insert(one.message, at: 0) }
        }
        channel.orphans = [:]
        channel.consumers = []
        channels[id] = channel
    }

    private mutating func close(_ id: UInt16, _ code: UInt16, _ connection: FakeConnection) throws(HarnessError) {
        giveBack(id)
        channels[id]?.isClosing = true
        try FakeStep.sendChannelClose(id, code, "FAKE").run(connection)
    }

    private mutating func harm(
        _ fault: FakeFault, _ id: UInt16, _ connection: FakeConnection
    ) throws(HarnessError) {
        let isOpen = channels[id].map { !$0.isClosing } ?? false
        switch fault {
        case .cancel:
            guard isOpen, let tag = channels[id]?.consumers.randomElement(using: &random)?.tag else { return }
            drop(tag, id)
            try connection.send(Hostile.cancel(tag, channel: id).bytes)
        case .channelClose, .refuseConsume: if isOpen { try close(id, 406, connection) }
        case .slowConsumeOK: try connection.pause(milliseconds: 5)
        case .reset:
            isOver = true
            connection.reset()
        case .endOfStream:
            isOver = true
            connection.closeFIN()
        case .connectionClose: try FakeStep.sendConnectionClose(320, "CONNECTION_FORCED").run(connection)
        case .wrongReply: if isOpen { try connection.send(.method(id, .queueBindOK)) }
        case .unknownTag:
            if isOpen {
                try connection.send(
                    WireFrame.deliver(1_000_000, to: "nobody", channel: id).bytes
                        + WireFrame.header(id, bodySize: 0).bytes)
            }
        }
    }
}
