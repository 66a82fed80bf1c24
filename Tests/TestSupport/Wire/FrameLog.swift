/// Frames in words, for assertions and for the text of failures.
package enum FrameLog {
    /// The frames of a byte stream, as far as it is complete. A protocol header in front is skipped.
    package static func frames(in stream: [UInt8]) throws(HarnessError) -> [WireFrame] {
        var rest = stream[...]
        if rest.starts(with: WireFrame.protocolHeader) { rest = rest.dropFirst(WireFrame.protocolHeader.count) }
        var frames: [WireFrame] = []
        while let frame = try WireFrame.take(from: &rest) { frames.append(frame) }
        return frames
    }

    /// ``WireFrame/description`` of each frame in the stream.
    package static func describe(_ stream: [UInt8]) throws(HarnessError) -> [String] {
        try frames(in: stream).map(\.description)
    }
}

extension WireFrame: CustomStringConvertible {
    /// For example `basic.ack ch1 tag=3 multiple=false`, `header ch1 size=5 deliveryMode=2`, `body ch1 5 bytes`.
    package var description: String {
        switch type {
        case Self.method:
            do throws(HarnessError) {
                let method = try WireMethod(payload: payload)
                return line(method.name, method.arguments)
            } catch {
                return "method ch\(channel) malformed: \(error.text)"
            }
        case Self.header:
            do throws(HarnessError) {
                let header = try WireContentHeader(payload: payload)
                return line("header", [WireField("size", .uint64(header.bodySize))] + header.properties)
            } catch {
                return "header ch\(channel) malformed: \(error.text)"
            }
        case Self.body: return "body ch\(channel) \(payload.count) bytes"
        case Self.heartbeat: return channel == 0 && payload.isEmpty ? "heartbeat" : "heartbeat ch\(channel) malformed"
        default: return "frame of type \(type) ch\(channel) \(payload.count) bytes"
        }
    }

    private func line(_ name: String, _ fields: [WireField]) -> String {
        (["\(name) ch\(channel)"] + fields.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
}
