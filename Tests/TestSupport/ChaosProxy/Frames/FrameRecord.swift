/// A frame that came to a proxy, or the start or end of a connection, with what an audit has to know of it.
package struct FrameRecord: Sendable, Hashable {
    package enum Event: Sendable, Hashable {
        case opened
        case frame(FrameKind)
        case closed
    }

    /// Since the proxy was started, in nanoseconds.
    package var time: UInt64
    /// The number of the connection, from 0 in the order of accepting.
    package var connection: Int
    package var event: Event
    package var direction: FrameDirection
    package var channel: UInt16 = 0
    /// Of basic.deliver, get-ok, ack, nack and reject.
    package var deliveryTag: UInt64 = 0
    /// Of basic.ack and nack: `multiple`. Of publish: `mandatory`. Of deliver and get-ok: `redelivered`. Of consume and
    /// get: `noAck`. Of qos: `global`.
    package var flag = false
    /// Of consume and cancel: `noWait`.
    package var noWait = false
    /// Of basic.deliver, consume, consume-ok and cancel: the consumer tag.
    package var consumerTag = ""
    /// Of consume and get, and of queue.declare-ok.
    package var queue = ""
    /// Of basic.qos: the prefetch count.
    package var prefetch: UInt16 = 0
    /// What a rule did to it.
    package var action: FrameAction?
    /// Whether the other side may have seen it as it was.
    package var isPassed = true

    package init(time: UInt64, connection: Int, event: Event, direction: FrameDirection) {
        self.time = time
        self.connection = connection
        self.event = event
        self.direction = direction
    }
}

extension FrameRecord {
    /// Reads what an audit needs. What cannot be read is left out: the frame may be wrong on purpose.
    init(_ frame: CutFrame, time: UInt64, connection: Int, direction: FrameDirection) {
        self.init(time: time, connection: connection, event: .frame(frame.kind), direction: direction)
        channel = frame.channel
        guard case .method(let id) = frame.kind else { return }
        let content = frame.content
        // The frequent ones by hand: a soak passes tens of thousands of them a second.
        switch id {
        case .basicAck, .basicNack, .basicReject:
            deliveryTag = Self.integer(content.prefix(8))
            flag = id != .basicReject && (content.dropFirst(8).first ?? 0) & 1 != 0
        case .basicDeliver:
            let length = Int(content.first ?? 0)
            consumerTag = String(decoding: content.dropFirst().prefix(length), as: UTF8.self)
            let rest = content.dropFirst(1 + length)
            deliveryTag = Self.integer(rest.prefix(8))
            flag = (rest.dropFirst(8).first ?? 0) & 1 != 0
        case .basicGetOK:
            deliveryTag = Self.integer(content.prefix(8))
            flag = (content.dropFirst(8).first ?? 0) & 1 != 0
        case .basicPublish:
            flag = (content.last ?? 0) & 1 != 0
        case .basicQos, .basicConsume, .basicConsumeOK, .basicCancel, .basicGet, .queueDeclareOK:
            guard let method = try? WireMethod(payload: Array(frame.bytes.dropFirst(7).dropLast())) else { return }
            consumerTag = method["consumerTag"]?.text ?? ""
            queue = method["queue"]?.text ?? ""
            prefetch = UInt16(clamping: method["prefetchCount"]?.integer ?? 0)
            noWait = method["noWait"]?.flag ?? false
            flag = method["noAck"]?.flag ?? method["global"]?.flag ?? false
        default: break
        }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

extension FrameRecord: CustomStringConvertible {
    /// For example `0.012345 #0 c2s ch1 basic.ack tag=3 multiple [rst]`.
    package var description: String {
        let micros = String(time / 1000 % 1_000_000)
        var text = "\(time / 1_000_000_000).\(String(repeating: "0", count: 6 - micros.count))\(micros) #\(connection)"
        switch event {
        case .opened: return text + " opened"
        case .closed: return text + " closed"
        case .frame(let kind):
            text += " \(direction.rawValue) ch\(channel) \(kind.name)"
            if deliveryTag != 0 { text += " tag=\(deliveryTag)" }
            if !consumerTag.isEmpty { text += " consumer=\(consumerTag)" }
            if !queue.isEmpty { text += " queue=\(queue)" }
            if flag, case .method(let id) = kind, let name = Self.flagNames[id] { text += " \(name)" }
            if case .method(.basicQos) = kind { text += " prefetch=\(prefetch)" }
        }
        if let action { text += " [\(action)]" }
        return isPassed ? text : text + " (not passed)"
    }

    private static let flagNames: [WireMethodID: String] = [
        .basicAck: "multiple", .basicNack: "multiple", .basicPublish: "mandatory", .basicDeliver: "redelivered",
        .basicGetOK: "redelivered", .basicConsume: "noAck", .basicGet: "noAck", .basicQos: "global",
    ]
}
