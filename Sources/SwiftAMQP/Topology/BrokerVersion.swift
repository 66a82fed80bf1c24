internal import AMQPWire

/// The version of a RabbitMQ broker, as far as rules depend on it.
struct BrokerVersion: Comparable {
    var major: Int
    var minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// - Returns: `nil` where the properties are not those of a RabbitMQ, or have a version that is none.
    init?(serverProperties: AMQPTable) {
        guard serverProperties["product"]?.string == "RabbitMQ" else { return nil }
        let parts = serverProperties["version"]?.string?.split(separator: ".", maxSplits: 2) ?? []
        guard parts.count >= 2, let major = Int(parts[0]),
            let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        self.init(major, minor)
    }

    static func < (left: BrokerVersion, right: BrokerVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
