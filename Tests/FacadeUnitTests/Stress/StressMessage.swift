import CSwiftAMQP
import TestSupport

/// A message of the stress tests. Its number says what it looks like and what the broker does with it, so that whoever has one
/// end of it can check the other.
struct StressMessage {
    enum Fate: CaseIterable {
        case confirmed, returned, nacked
    }

    let number: Int

    init(_ number: Int) { self.number = number }

    /// What a client has published; `nil` if it says no number.
    init?(body: [UInt8]) {
        guard let number = Int(String(decoding: body.prefix(Self.digits), as: UTF8.self)) else { return nil }
        self.number = number
    }

    var fate: Fate {
        switch number % 20 {
        case 3: .returned
        case 7: .nacked
        default: .confirmed
        }
    }

    /// A refused message would be sent again.
    var flags: UInt32 { fate == .nacked ? SAMQP_PUBLISH_ONCE : 0 }

    /// More of them than a publisher remembers.
    var routingKey: String { "key-\(number % 24)" }

    var correlationID: String? { number % 3 == 0 ? "correlation-\(number)" : nil }

    /// The same lengths and others, and some that are not worth keeping the memory of.
    var body: [UInt8] {
        let text = String(number)
        let padding = String(repeating: "0", count: Self.digits - text.utf8.count)
        return Array((padding + text).utf8)
            + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: Self.lengths[number % Self.lengths.count])
    }

    private static let digits = 8
    private static let lengths = [16, 16, 100, 16, 500, 16, 2000, 100]

    /// What is wrong with what came over the wire.
    func complaint(_ publish: StressPublish) -> String? {
        if publish.body != body { return "the body of \(number) is another's: \(publish.body.prefix(16))..." }
        if publish.method["routingKey"]?.text != routingKey { return "the routing key of \(number) is another's" }
        if publish.properties?["correlationID"]?.text != correlationID { return "a property of \(number) is another's" }
        if publish.method["mandatory"] != .bool(true) { return "\(number) is not mandatory" }
        return nil
    }

    /// Calls `publish` with its properties and its body.
    func withArguments(
        _ publish: (UnsafePointer<samqp_properties>?, UnsafeRawBufferPointer) -> samqp_status
    ) -> samqp_status {
        body.withUnsafeBytes { bytes in
            guard let correlationID else { return publish(nil, bytes) }
            return correlationID.withCString { text in
                var properties = samqp_properties()
                properties.struct_size = MemoryLayout<samqp_properties>.size
                properties.correlation_id = text
                return publish(&properties, bytes)
            }
        }
    }
}

/// A publish as it came over the wire.
struct StressPublish: Sendable {
    let method: WireMethod
    private(set) var header: WireFrame?
    private(set) var properties: WireContentHeader?
    private(set) var body: [UInt8] = []

    init(method: WireMethod) { self.method = method }

    /// Takes the next frame of its content. Gives whether that was the last.
    mutating func take(_ frame: WireFrame) throws(HarnessError) -> Bool {
        if frame.type == WireFrame.header {
            header = frame
            properties = try WireContentHeader(payload: frame.payload)
        } else {
            body += frame.payload
        }
        return properties.map { UInt64(body.count) >= $0.bodySize } ?? false
    }
}
