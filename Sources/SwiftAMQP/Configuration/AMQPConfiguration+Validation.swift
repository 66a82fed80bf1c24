extension AMQPConfiguration {
    /// 8192 is the least that RabbitMQ 4.1 accepts; a frame is held in memory as a whole, hence the upper end.
    static let frameMaxRange: ClosedRange<UInt32> = 8192...16_777_216

    /// Checks every value against the range that its documentation gives.
    ///
    /// - Throws: ``AMQPError`` with the code `invalidConfiguration`, for the first value that cannot be used. The text
    ///   names the field, says what is wrong with it and what to write instead, and never holds the password.
    public func validate() throws(AMQPError) {
        try validateEndpoint()
        try validateTimes()
        try validateLimits()
        // Last: it relies on the limit of a frame.
        try validateIdentity()
    }

    private func validateEndpoint() throws(AMQPError) {
        if host.isEmpty { throw .configuration("host", "it is empty", HostSyntax.advice) }
        guard HostSyntax.isHost(host) else {
            throw .configuration(
                "host", "it is neither a host name nor an address",
                HostSyntax.advice + " without brackets, and the port in its own field")
        }
        if port == 0 { throw .configuration("port", "it is 0", "write a number from 1 to 65535, normally 5672") }
        if virtualHost.utf8.count > 255 {
            throw .configuration("virtualHost", "it is longer than 255 UTF-8 bytes", "write a shorter name")
        }
    }

    private func validateIdentity() throws(AMQPError) {
        for (field, text) in [("user name", credentials.username), ("password", credentials.password)]
        where text.utf8.contains(0) {
            throw .configuration(
                "credentials", "the \(field) holds a NUL byte, which separates the fields of SASL PLAIN", "remove it")
        }
        if let connectionName {
            guard 1...255 ~= connectionName.utf8.count, !connectionName.utf8.contains(where: ASCII.isControl) else {
                throw .configuration(
                    "connectionName", "it is empty, longer than 255 UTF-8 bytes, or holds a control character",
                    "write 1 to 255 bytes of printable text, or nil for none")
            }
        }
        // 1024 bytes for the method's own fields and the properties that the library adds.
        var size = 1024 &+ credentials.username.utf8.count &+ credentials.password.utf8.count
        for (name, value) in clientProperties {
            guard 1...255 ~= name.utf8.count else {
                throw .configuration(
                    "clientProperties", "a name is empty or longer than 255 UTF-8 bytes", "write 1 to 255 bytes")
            }
            if name == "capabilities" || name == "connection_name" {
                throw .configuration(
                    "clientProperties", "the library itself sets \"\(name)\"",
                    name == "capabilities" ? "remove it" : "set connectionName instead")
            }
            size = size &+ name.utf8.count &+ value.utf8.count &+ 6
        }
        if size > Int(clamping: frameMax) {
            throw .configuration(
                "clientProperties", "with the credentials they do not fit into one frame", "shorten them")
        }
    }

    private func validateTimes() throws(AMQPError) {
        guard heartbeat >= .zero, heartbeat <= .seconds(UInt16.max) else {
            throw .configuration(
                "heartbeat", "it is not between 0 and 65535 s", "write 5 to 60 s, or zero to disable heartbeats")
        }
        for (field, value) in [
            ("connectTimeout", connectTimeout), ("rpcTimeout", rpcTimeout), ("publishTimeout", publishTimeout),
            ("closeTimeout", closeTimeout),
        ] {
            guard value >= .milliseconds(1), value <= .seconds(86_400) else {
                throw .configuration(
                    field, "it is not between 1 ms and 24 h", "write how long to wait at most: nothing waits for ever")
            }
        }
    }

    private func validateLimits() throws(AMQPError) {
        guard Self.frameMaxRange ~= frameMax else {
            throw .configuration(
                "frameMax", "\(frameMax) bytes are not between 8192 and 16777216",
                "write 131072; RabbitMQ 4.1 and later refuse less than 8192")
        }
        guard 1...2_147_483_647 ~= maximumInboundBodySize else {
            throw .configuration(
                "maximumInboundBodySize", "\(maximumInboundBodySize) bytes are not between 1 and 2147483647",
                "write the size of the largest message to accept")
        }
        guard 4096...1_073_741_824 ~= outboundBufferLimit else {
            throw .configuration(
                "outboundBufferLimit", "\(outboundBufferLimit) bytes are not between 4096 and 1073741824",
                "write 4194304 (4 MiB)")
        }
    }
}
