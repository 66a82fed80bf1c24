internal import AMQPWire

/// What this client tells the broker of itself (`connection.start-ok`, https://www.rabbitmq.com/connections.html#capabilities).
package enum ClientProperties {
    /// The version of this library.
    package static let version = "0.1.0"

    /// Without the capabilities the broker sends neither `basic.cancel` nor `connection.blocked`, and answers wrong
    /// credentials by cutting the connection.
    private static let capabilities: AMQPTable = [
        "publisher_confirms": true,
        "basic.nack": true,
        "consumer_cancel_notify": true,
        "connection.blocked": true,
        "authentication_failure_close": true,
        "exchange_exchange_bindings": true,
    ]

    /// The program's own properties win over ours, but for the capabilities, which say what this library can do.
    static func make(for configuration: AMQPConfiguration) -> AMQPTable {
        var table: AMQPTable = [
            "product": "SwiftAMQP",
            "version": .string(version),
            "platform": .string(platform),
            "information": "Licensed under the Apache License 2.0",
        ]
        if let name = configuration.connectionName { table["connection_name"] = .string(name) }
        for (key, value) in configuration.clientProperties { table[key] = .string(value) }
        table["capabilities"] = .table(capabilities)
        return table
    }

    private static var platform: String {
        #if arch(x86_64)
            "Swift on Linux x86_64"
        #elseif arch(arm64)
            "Swift on Linux arm64"
        #else
            "Swift on Linux"
        #endif
    }
}
