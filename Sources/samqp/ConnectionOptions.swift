import ArgumentParser
import Glibc
import SwiftAMQP

/// Where the broker is.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The broker, as amqp://user:password@host:port/vhost (default: $AMQP_URL).")
    var url: String?

    /// The configuration of the URL.
    ///
    /// - Throws: ``Failure`` with the status of a usage error if there is no URL or it is not valid.
    private func configuration(name: String) throws -> AMQPConfiguration {
        let environment = getenv("AMQP_URL").map { String(cString: $0) }
        guard let text = url ?? environment, !text.isEmpty else {
            throw Failure(text: "no broker: give --url amqp://..., or set AMQP_URL", status: Failure.usage)
        }
        var configuration: AMQPConfiguration
        do {
            configuration = try AMQPConfiguration(url: text)
        } catch {
            throw Failure(text: "\(url == nil ? "AMQP_URL" : "--url"): \(error.text)", status: Failure.usage)
        }
        configuration.connectionName = name
        return configuration
    }

    /// A supervised client. The first connection is tried once: a tool that waits for a mistyped host helps nobody.
    func client(_ name: String, publishTimeout: Duration = .seconds(30)) throws -> AMQPClient {
        var endpoint = try configuration(name: name)
        endpoint.publishTimeout = publishTimeout
        var configuration = AMQPClientConfiguration(endpoint)
        configuration.firstConnect = .once
        configuration.publishing.assignsMessageIDs = false
        return try AMQPClient(configuration: configuration)
    }

    /// Runs `body` with a channel of a connection of its own, and closes both.
    func withChannel<Value>(
        _ name: String, _ body: (AMQPConnection, AMQPChannel) async throws -> Value
    ) async throws -> Value {
        try await AMQPConnection.withConnection(configuration(name: name)) { connection in
            try await connection.withChannel { channel in try await body(connection, channel) }
        }
    }
}
