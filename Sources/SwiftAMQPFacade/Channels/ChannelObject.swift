internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_channel` is. Its client lives as long, and with that the connection, unless it is lost.
final class ChannelObject: Sendable {
    let channel: AMQPChannel
    private let client: ClientObject

    init(_ channel: AMQPChannel, client: ClientObject) {
        self.channel = channel
        self.client = client
    }

    /// Asks the broker for something on the channel of a handle, and waits for the answer.
    static func ask<Value: Sendable>(
        _ channel: OpaquePointer?, _ milliseconds: Int64,
        _ operation: @escaping @Sendable (ChannelObject) async throws(AMQPError) -> Value
    ) throws(Failure) -> Value {
        let object = try Handle.require(channel, as: ChannelObject.self, "channel")
        return try Waiting.run(Waiting.Limit(milliseconds: milliseconds)) { () async throws(AMQPError) in
            try await operation(object)
        }
    }

    /// Publishes, and waits for the confirm; in a transaction only until the message is on its way.
    ///
    /// - Parameter timeout: `nil` for that of the connection.
    func publish(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, timeout: Duration?
    ) async throws(AMQPError) {
        if channel.isTransactional {
            try await channel.publishUnconfirmed(message, to: address, timeout: timeout)
        } else {
            try await channel.publish(message, to: address, isMandatory: isMandatory, timeout: timeout)
        }
    }
}
