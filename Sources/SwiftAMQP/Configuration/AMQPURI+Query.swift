extension AMQPURI {
    /// Parses the query parameters, https://www.rabbitmq.com/uri-query-parameters.html.
    ///
    /// A parameter that is not known is an error: whoever wrote it relies on it, and a misspelt `hartbeat=5` or a
    /// `verify=verify_peer` that is ignored in silence shows only when it is needed.
    mutating func parseQuery(_ query: ArraySlice<UInt8>) throws(AMQPError) {
        var seen: Set<String> = []
        for item in query.split(separator: ASCII.ampersand, omittingEmptySubsequences: false) {
            let (rawName, rawValue) = item.cut { $0 == ASCII.equals }
            let name = try PercentEncoding.decode(rawName, field: "query")
            guard let rawValue else {
                throw .uri("query", "parameter \(Self.quoted(name)) has no value", "write name=value, separated by &")
            }
            // The list of mechanisms is the one parameter that may be given several times.
            guard seen.insert(name).inserted || name == "auth_mechanism" else {
                throw .uri("query", "parameter \(Self.quoted(name)) is there twice", "write it once")
            }
            try apply(name, PercentEncoding.decode(rawValue, field: "query"))
        }
    }

    private mutating func apply(_ name: String, _ value: String) throws(AMQPError) {
        switch name {
        case "heartbeat":
            heartbeatSeconds = UInt16(clamping: try Self.number(name, value, 0...65535, "20", "seconds; 0 for none"))
        case "connection_timeout":
            connectionTimeoutMilliseconds = try Self.number(name, value, 1...86_400_000, "30000", "milliseconds")
        case "channel_max":
            channelMax = UInt16(clamping: try Self.number(name, value, 0...65535, "2047", "channels; 0 for no limit"))
        case "frame_max":
            frameMax = try Self.number(name, value, AMQPConfiguration.frameMaxRange, "131072", "bytes")
        case "auth_mechanism":
            guard value.lowercased() == "plain" else {
                throw .uri(
                    name, "only the mechanism PLAIN is supported", "write auth_mechanism=plain or remove it",
                    code: .unsupported)
            }
        case "cacertfile", "certfile", "keyfile", "verify", "server_name_indication", "fail_if_no_peer_cert",
            "password",
            "depth":
            throw .uri(
                name, "the parameter configures TLS, which is not supported yet", "remove it", code: .unsupported)
        default:
            throw .uri(
                "query", "parameter \(Self.quoted(name)) is not known",
                "write heartbeat, connection_timeout, channel_max, frame_max or auth_mechanism")
        }
    }

    private static func number(
        _ name: String, _ value: String, _ range: ClosedRange<UInt32>, _ example: String, _ unit: String
    ) throws(AMQPError) -> UInt32 {
        guard let number = ASCII.decimal(value.utf8), range.contains(number) else {
            throw .uri(
                name, "its value is no whole number from \(range.lowerBound) to \(range.upperBound)",
                "write \(name)=\(example), in \(unit)")
        }
        return number
    }

    /// The name of a parameter as errors show it. What does not look like one is not repeated.
    private static func quoted(_ name: String) -> String {
        let looksLikeAName = 1...40 ~= name.utf8.count && name.utf8.allSatisfy(ASCII.isUnreserved)
        return looksLikeAName ? "\"\(name)\"" : "(whose name is no plain word)"
    }
}
