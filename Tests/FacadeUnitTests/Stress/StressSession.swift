import TestSupport

/// One connection to the fake broker of a stress test: each publish ends as its number says, answers come in bunches, and what
/// is delivered has to be settled once. It may reset the connection after a number of frames.
struct StressSession {
    private struct Channel {
        var publishes: UInt64 = 0
        /// The publish whose content is on its way.
        var publish: StressPublish?
        /// Acks that were not written yet.
        var acks: [UInt64] = []
        var prefetch = 0
        var consumerTag: String?
        var deliveries: UInt64 = 0
        var unsettled: [UInt64: Int] = [:]
    }

    private let ledger: StressLedger
    private var random: SeededGenerator
    private var fuse: Int?
    private var channels: [UInt16: Channel] = [:]
    private var replies: [UInt8] = []

    /// - Parameter fuse: After how many frames the connection is reset; `nil` for never.
    private init(_ ledger: StressLedger, seed: UInt64, fuse: Int?) {
        self.ledger = ledger
        random = SeededGenerator(seed: seed)
        self.fuse = fuse
    }

    /// The script of a connection.
    static func script(_ ledger: StressLedger, seed: UInt64, fuse: Int? = nil) -> [FakeStep] {
        [
            .run { (connection) throws(HarnessError) in
                var session = StressSession(ledger, seed: seed, fuse: fuse)
                do throws(HarnessError) {
                    try FakeStep.handshake().run(connection)
                    try session.run(connection)
                } catch {
                    // A client that has been reset, or that is closed while it connects, goes at any moment.
                    guard fuse != nil, error.kind == .script || error.kind.isSystem else { throw error }
                }
                for channel in session.channels.values { ledger.giveBack(channel.unsettled.values) }
            }
        ]
    }

    private mutating func run(_ connection: FakeConnection) throws(HarnessError) {
        while true {
            deliver()
            if replies.count > 4096 || Int.random(in: 0..<8, using: &random) == 0 { try flush(connection) }
            if try !connection.hasInput(within: .milliseconds(1)) {
                try flush(connection)
                continue
            }
            guard let frame = try connection.nextFrame() else { return }
            if let left = fuse {
                fuse = left - 1
                if left == 0 { return connection.reset() }
            }
            if frame.type == WireFrame.heartbeat { continue }
            guard frame.type == WireFrame.method else {
                try takeContent(frame)
                continue
            }
            let method = try WireMethod(payload: frame.payload)
            if method.id == .connectionClose {
                try flush(connection)
                try connection.send(.method(0, .connectionCloseOK))
                return try connection.expectClose()
            }
            take(method, frame.channel)
        }
    }

    private mutating func flush(_ connection: FakeConnection) throws(HarnessError) {
        for id in channels.keys.sorted() { writeAcks(id) }
        guard !replies.isEmpty else { return }
        let bytes = replies
        replies = []
        try connection.send(bytes)
    }

    private mutating func reply(_ frames: WireFrame...) { for frame in frames { replies += frame.bytes } }

    private mutating func take(_ method: WireMethod, _ id: UInt16) {
        switch method.id {
        case .channelOpen:
            channels[id] = Channel()
            reply(.method(id, .channelOpenOK) { $0.longString("") })
        case .channelClose:
            if let channel = channels.removeValue(forKey: id) { ledger.giveBack(channel.unsettled.values) }
            reply(.method(id, .channelCloseOK))
        case .confirmSelect: reply(.method(id, .confirmSelectOK))
        case .basicQos:
            channels[id]?.prefetch = Int(method["prefetchCount"]?.integer ?? 0)
            reply(.method(id, .basicQosOK))
        case .basicConsume:
            let tag = method["consumerTag"]?.text ?? ""
            channels[id]?.consumerTag = tag
            reply(.method(id, .basicConsumeOK) { $0.shortString(tag) })
        case .basicCancel:
            channels[id]?.consumerTag = nil
            reply(.method(id, .basicCancelOK) { $0.shortString(method["consumerTag"]?.text ?? "") })
        case .basicPublish:
            channels[id]?.publish = StressPublish(method: method)
        case .basicAck, .basicNack: settle(method, id)
        default: ledger.complain("an unexpected \(method.name)")
        }
    }

    private mutating func settle(_ method: WireMethod, _ id: UInt16) {
        guard let tag = method["tag"]?.integer else { return }
        let isMultiple = method["multiple"] == .bool(true)
        let settled = channels[id]?.unsettled.filter { isMultiple ? $0.key <= tag : $0.key == tag } ?? [:]
        if settled.isEmpty { ledger.complain("\(method.name) of \(tag), which is not unsettled") }
        for (tag, number) in settled {
            channels[id]?.unsettled[tag] = nil
            if method.id == .basicAck { ledger.noteAcked(number) } else { ledger.giveBack([number]) }
        }
    }

    // MARK: Publishes

    private mutating func takeContent(_ frame: WireFrame) throws(HarnessError) {
        guard var publish = channels[frame.channel]?.publish else { return ledger.complain("\(frame) of no message") }
        let isWhole = try publish.take(frame)
        channels[frame.channel]?.publish = isWhole ? nil : publish
        if isWhole { end(publish, frame.channel) }
    }

    private mutating func end(_ publish: StressPublish, _ id: UInt16) {
        guard var channel = channels[id] else { return }
        channel.publishes += 1
        let tag = channel.publishes
        guard let message = StressMessage(body: publish.body) else {
            return ledger.complain("a message without a number: \(publish.body.prefix(16))...")
        }
        if let complaint = message.complaint(publish) { ledger.complain(complaint) }
        ledger.noteReceived(message.number)
        if message.fate != .nacked { channel.acks.append(tag) }
        channels[id] = channel
        switch message.fate {
        case .confirmed: break
        case .returned:
            guard let header = publish.header else { return }
            reply(
                .method(id, .basicReturn) {
                    $0.u16(312)
                    $0.shortString("NO_ROUTE")
                    $0.shortString("")
                    $0.shortString(message.routingKey)
                }, header, .body(id, publish.body))
        case .nacked:
            writeAcks(id)
            reply(
                .method(id, .basicNack) {
                    $0.u64(tag)
                    $0.bits(false, false)
                })
        }
    }

    /// One by one, or all of them by one that covers them.
    private mutating func writeAcks(_ id: UInt16) {
        guard let acks = channels[id]?.acks, let last = acks.last else { return }
        channels[id]?.acks = []
        let isMultiple = Bool.random(using: &random)
        for tag in isMultiple ? [last] : acks {
            reply(
                .method(id, .basicAck) {
                    $0.u64(tag)
                    $0.bits(isMultiple)
                })
        }
    }

    // MARK: Deliveries

    private mutating func deliver() {
        for id in channels.keys.sorted() {
            guard var channel = channels[id], let consumerTag = channel.consumerTag else { continue }
            while channel.unsettled.count < channel.prefetch, let number = ledger.nextDelivery() {
                channel.deliveries += 1
                channel.unsettled[channel.deliveries] = number
                let body = StressMessage(number).body
                reply(
                    .deliver(channel.deliveries, to: consumerTag, channel: id),
                    .header(id, bodySize: UInt64(body.count)), .body(id, body))
            }
            channels[id] = channel
        }
    }
}

extension HarnessError.Kind {
    var isSystem: Bool { if case .system = self { true } else { false } }
}
