import TestSupport

/// A broker that does everything it is asked for, but in its own time: answers gather for a random while, deliveries come
/// unasked, and now and then it blocks publishes for a moment.
///
/// It also looks at what the client sends: a frame on a channel that is not open, or a message that is cut in two, is a
/// complaint.
struct ObligingBroker {
    private struct Channel {
        var hasConfirms = false
        var publishes: UInt64 = 0
        var deliveries: UInt64 = 0
        /// How many messages each consumer will still get.
        var consumers: [String: Int] = [:]
        var missingBody: UInt64 = 0
        var isInContent = false
        var expectsHeader = false
    }

    private var random: SeededGenerator
    private var channels: [UInt16: Channel] = [:]
    private var replies: [UInt8] = []
    private var replyCount = 0
    private var isBlocked = false
    /// How many of a hundred frames are answered later.
    private let reluctance: Int
    private let blocks: Bool

    init(seed: UInt64, reluctance: Int, blocks: Bool) {
        random = SeededGenerator(seed: seed)
        self.reluctance = reluctance
        self.blocks = blocks
    }

    mutating func run(_ connection: FakeConnection) throws(HarnessError) {
        while true {
            if replyCount > 0, try !connection.hasInput(within: .milliseconds(1)) { try flush(connection) }
            if isBlocked, try !connection.hasInput(within: .milliseconds(1)) {
                isBlocked = false
                try connection.sendRegardless(WireFrame.method(0, .connectionUnblocked).bytes)
            }
            guard let frame = try connection.nextFrame() else { return }
            if frame.type == WireFrame.heartbeat { continue }
            if frame.channel == 0 {
                let method = try WireMethod(payload: frame.payload)
                if method.id == .connectionClose {
                    try flush(connection)
                    try connection.sendRegardless(WireFrame.method(0, .connectionCloseOK).bytes)
                    return try connection.expectClose()
                }
                reply(.method(0, .connectionUpdateSecretOK))
            } else {
                try take(frame)
            }
            if blocks, Int.random(in: 0..<60, using: &random) == 0, !isBlocked {
                isBlocked = true
                reply(Hostile.blocked(rawReason: [65]))
            }
            if replyCount >= 40 || Int.random(in: 0..<100, using: &random) >= reluctance { try flush(connection) }
        }
    }

    private mutating func flush(_ connection: FakeConnection) throws(HarnessError) {
        guard replyCount > 0 else { return }
        let bytes = replies
        replies = []
        replyCount = 0
        try connection.sendRegardless(bytes)
    }

    private mutating func reply(_ frame: WireFrame) {
        replies += frame.bytes
        replyCount += 1
    }

    private mutating func take(_ frame: WireFrame) throws(HarnessError) {
        let id = frame.channel
        if frame.type == WireFrame.method {
            let method = try WireMethod(payload: frame.payload)
            if method.id == .channelOpen {
                guard channels[id] == nil else { throw HarnessError(.script, "channel \(id) is opened twice") }
                channels[id] = Channel()
                return reply(.method(id, .channelOpenOK) { $0.u32(0) })
            }
            guard let channel = channels[id] else {
                throw HarnessError(.script, "\(frame) on a channel that is not open")
            }
            guard !channel.isInContent else { throw HarnessError(.script, "\(frame) in the middle of a message") }
            answer(method, id)
            return
        }
        guard var channel = channels[id], channel.isInContent else {
            throw HarnessError(.script, "\(frame) belongs to no message")
        }
        if channel.expectsHeader {
            channel.expectsHeader = false
            channel.missingBody = try WireContentHeader(payload: frame.payload).bodySize
        } else {
            channel.missingBody -= min(channel.missingBody, UInt64(frame.payload.count))
        }
        if channel.missingBody == 0 {
            channel.isInContent = false
            // The broker counts from confirm.select on.
            if channel.hasConfirms {
                channel.publishes += 1
                confirm(id, channel.publishes)
            }
        }
        channels[id] = channel
    }

    private mutating func confirm(_ id: UInt16, _ tag: UInt64) {
        reply(Int.random(in: 0..<20, using: &random) == 0 ? Hostile.nack(id, tag) : Hostile.ack(id, tag))
    }

    private mutating func answer(_ method: WireMethod, _ id: UInt16) {
        switch method.id {
        case .channelClose:
            channels[id] = nil
            reply(.method(id, .channelCloseOK))
        case .queueDeclare: reply(Hostile.declareOK(id, method["queue"]?.text ?? ""))
        case .queueBind: reply(.method(id, .queueBindOK))
        case .queuePurge: reply(.method(id, .queuePurgeOK) { $0.u32(0) })
        case .exchangeDeclare: reply(.method(id, .exchangeDeclareOK))
        case .basicQos: reply(.method(id, .basicQosOK))
        case .basicRecover: reply(.method(id, .basicRecoverOK))
        case .confirmSelect:
            channels[id]?.hasConfirms = true
            reply(.method(id, .confirmSelectOK))
        case .basicPublish:
            channels[id]?.isInContent = true
            channels[id]?.expectsHeader = true
        case .basicConsume:
            let tag = method["consumerTag"]?.text ?? ""
            channels[id]?.consumers[tag] = 5
            reply(.method(id, .basicConsumeOK) { $0.shortString(tag) })
            for _ in 0..<2 { deliver(id) }
        case .basicCancel:
            let tag = method["consumerTag"]?.text ?? ""
            channels[id]?.consumers[tag] = nil
            reply(.method(id, .basicCancelOK) { $0.shortString(tag) })
        case .basicGet: get(id)
        case .basicAck, .basicNack, .basicReject: deliver(id)
        default: break
        }
    }

    /// One message for a consumer that is owed some.
    private mutating func deliver(_ id: UInt16) {
        guard var channel = channels[id] else { return }
        // In an order that does not change from run to run.
        let owed = channel.consumers.filter { $0.value > 0 }.keys.sorted()
        guard let tag = owed.randomElement(using: &random), let left = channel.consumers[tag] else { return }
        channel.consumers[tag] = left - 1
        channel.deliveries += 1
        replies += WireFrame.deliver(channel.deliveries, to: tag, channel: id).bytes
        replies += WireFrame.header(id, bodySize: 1).bytes
        reply(.body(id, [7]))
        channels[id] = channel
    }

    private mutating func get(_ id: UInt16) {
        guard Bool.random(using: &random), var channel = channels[id] else {
            return reply(.method(id, .basicGetEmpty) { $0.u8(0) })
        }
        channel.deliveries += 1
        let tag = channel.deliveries
        channels[id] = channel
        replies +=
            WireFrame.method(id, .basicGetOK) { writer in
                writer.u64(tag)
                writer.bits(false)
                writer.raw([0, 0, 0, 0, 0, 0])
            }.bytes
        reply(.header(id, bodySize: 0))
    }
}

extension FakeStep {
    /// Handshake and ``ObligingBroker`` until the client closes.
    static func obliging(seed: UInt64, reluctance: Int = 50, blocks: Bool = false) -> [FakeStep] {
        [
            .run { (connection) throws(HarnessError) in
                // The task that connects may be cancelled at any moment.
                do throws(HarnessError) {
                    try FakeStep.handshake().run(connection)
                } catch {
                    if error.kind == .script || error.kind.isSystem { return }
                    throw error
                }
                var broker = ObligingBroker(seed: seed, reluctance: reluctance, blocks: blocks)
                try broker.run(connection)
            }
        ]
    }
}

extension HarnessError.Kind {
    var isSystem: Bool { if case .system = self { true } else { false } }
}
