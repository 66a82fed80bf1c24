import TestSupport

/// Frames and steps that hostile brokers are made of.
enum Hostile {
    /// A whole delivery to consumer `c` on channel 1; its header can be another one.
    static func message(_ tag: UInt64 = 1, header: WireFrame? = nil, _ body: [UInt8] = [7]) -> [UInt8] {
        WireFrame.deliver(tag).bytes + (header ?? .header(1, bodySize: UInt64(body.count))).bytes
            + (body.isEmpty ? [] : WireFrame.body(1, body).bytes)
    }

    /// A header with these bytes for its `headers` table, length and all.
    static func header(_ channel: UInt16 = 1, rawTable: [UInt8], bodySize: UInt64 = 1) -> WireFrame {
        .header(channel, bodySize: bodySize, flags: 0x2000) { $0.raw(rawTable) }
    }

    static func declareOK(_ channel: UInt16, _ name: String = "q") -> WireFrame {
        .method(channel, .queueDeclareOK) {
            $0.shortString(name)
            $0.u32(0)
            $0.u32(0)
        }
    }

    /// basic.return of the publish that is pending on channel 2, or of one that is like it.
    static func returned(
        _ body: String = "x", code: UInt16 = 312, text: String = "NO_ROUTE", exchange: String = "",
        routingKey: String = "q", channel: UInt16 = 2
    ) -> [UInt8] {
        let method = WireFrame.method(channel, .basicReturn) {
            $0.u16(code)
            $0.shortString(text)
            $0.shortString(exchange)
            $0.shortString(routingKey)
        }
        let header = WireFrame.header(channel, bodySize: UInt64(body.utf8.count), flags: 0x1000) { $0.u8(2) }
        return method.bytes + header.bytes + (body.isEmpty ? [] : WireFrame.body(channel, Array(body.utf8)).bytes)
    }

    static func ack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> WireFrame {
        .method(channel, .basicAck) {
            $0.u64(tag)
            $0.bits(multiple)
        }
    }

    static func nack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> WireFrame {
        .method(channel, .basicNack) {
            $0.u64(tag)
            $0.bits(multiple, false)
        }
    }

    static func cancel(_ consumer: String, channel: UInt16 = 1, noWait: Bool = true) -> WireFrame {
        .method(channel, .basicCancel) {
            $0.shortString(consumer)
            $0.bits(noWait)
        }
    }

    static func flow(_ channel: UInt16, _ active: Bool) -> WireFrame {
        .method(channel, .channelFlow) { $0.bits(active) }
    }

    static func close(_ channel: UInt16, _ code: UInt16, rawText: [UInt8]) -> WireFrame {
        .method(channel, channel == 0 ? .connectionClose : .channelClose) {
            $0.u16(code)
            $0.u8(UInt8(truncatingIfNeeded: rawText.count))
            $0.raw(rawText)
            $0.u16(0)
            $0.u16(0)
        }
    }

    static func blocked(rawReason: [UInt8]) -> WireFrame {
        .method(0, .connectionBlocked) {
            $0.u8(UInt8(truncatingIfNeeded: rawReason.count))
            $0.raw(rawReason)
        }
    }

    /// A frame whose parts need not fit each other.
    static func frame(
        type: UInt8, channel: UInt16 = 0, size: UInt32? = nil, _ payload: [UInt8] = [], end: [UInt8] = [0xCE]
    ) -> [UInt8] {
        var writer = WireWriter()
        writer.u8(type)
        writer.u16(channel)
        writer.longString(payload, length: size)
        writer.raw(end)
        return writer.bytes
    }

    /// A table with as many tables in each other.
    static func nestedTable(depth: Int) -> [UInt8] {
        var table: [UInt8] = [0, 0, 0, 0]
        for _ in 1..<depth {
            var writer = WireWriter()
            writer.u32(UInt32(table.count + 3))
            writer.shortString("t")
            writer.u8(UInt8(ascii: "F"))
            writer.raw(table)
            table = writer.bytes
        }
        return table
    }

    /// A table whose encoding is small beside what it becomes in memory: an array of this many voids.
    static func tableOfVoids(_ count: Int) -> [UInt8] {
        var writer = WireWriter()
        writer.u32(UInt32(count + 7))
        writer.shortString("a")
        writer.u8(UInt8(ascii: "A"))
        writer.u32(UInt32(count))
        writer.raw([UInt8](repeating: UInt8(ascii: "V"), count: count))
        return writer.bytes
    }

    /// Not UTF-8: a lone continuation byte, an overlong slash, a surrogate, and a sequence that is cut off.
    static let invalidUTF8: [UInt8] = [0x80, 0xC0, 0xAF, 0xED, 0xA0, 0x80, 0xF0, 0x9F, 0x98]
}

extension FakeStep {
    /// Answers the client until it has closed, as a broker in a hurry does.
    static let courteous = FakeStep("courteous") { (connection) throws(HarnessError) in
        while let frame = try connection.nextFrame() {
            guard frame.type == WireFrame.method else { continue }
            let method = try WireMethod(payload: frame.payload)
            switch method.id {
            case .basicCancel:
                let tag = method["consumerTag"]?.text ?? ""
                try connection.sendRegardless(
                    WireFrame.method(frame.channel, .basicCancelOK) { $0.shortString(tag) }.bytes)
            case .channelClose:
                try connection.sendRegardless(WireFrame.method(frame.channel, .channelCloseOK).bytes)
            case .connectionClose:
                try connection.sendRegardless(WireFrame.method(0, .connectionCloseOK).bytes)
                return try connection.expectClose()
            default: break
            }
        }
    }

    /// Reads until the client closes the connection, and answers nothing.
    static let untilTheClientCloses = FakeStep("until connection.close") { (connection) throws(HarnessError) in
        while let frame = try connection.nextFrame() {
            guard frame.type == WireFrame.method else { continue }
            if try WireMethod(payload: frame.payload).id == .connectionClose { return }
        }
    }

    /// Sends, also where the client may have closed by then.
    static func sendRegardless(_ bytes: [UInt8]) -> FakeStep {
        FakeStep("send regardless") { (connection) throws(HarnessError) in _ = try connection.sendRegardless(bytes) }
    }

    /// Sends the same again and again, until the client closes or it has been sent `times`; reads nothing.
    static func flood(_ bytes: [UInt8], times: Int) -> FakeStep {
        FakeStep("flood") { (connection) throws(HarnessError) in
            let copies = max(1, min(times, (64 << 10) / max(1, bytes.count)))
            let chunk = Array(repeatElement(bytes, count: copies).joined())
            var sent = 0
            while sent < times, try connection.sendRegardless(chunk) { sent += copies }
        }
    }

    /// The same byte every few milliseconds for as long as the client listens.
    static func drip(_ bytes: [UInt8]) -> FakeStep {
        FakeStep("drip") { (connection) throws(HarnessError) in
            while try connection.sendRegardless(bytes) { try connection.pause(milliseconds: 5) }
        }
    }

    static func pause(milliseconds: Int) -> FakeStep {
        FakeStep("pause") { (connection) throws(HarnessError) in try connection.pause(milliseconds: milliseconds) }
    }
}

extension FakeConnection {
    /// False if the peer has closed.
    @discardableResult
    func sendRegardless(_ bytes: [UInt8]) throws(HarnessError) -> Bool {
        do throws(HarnessError) {
            try send(bytes)
            return true
        } catch {
            if case .system = error.kind { return false }
            throw error
        }
    }
}
