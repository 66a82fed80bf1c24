internal import CSwiftAMQP
internal import SwiftAMQP

extension Waiting {
    /// As ``run(_:_:)``, for an operation that keeps to a time by itself: its error says more than that the time ran out.
    ///
    /// - Parameter operation: Gets what is left of the time.
    static func runKeepingTime<Value: Sendable>(
        _ milliseconds: Int64, _ operation: @escaping @Sendable (Duration) async throws(AMQPError) -> Value
    ) throws(Failure) -> Value {
        let limit = Limit(milliseconds: milliseconds)
        try check(limit)
        guard limit.mayWait else { throw .timeout }
        return try run(Limit(milliseconds: -1)) { () async throws(AMQPError) in try await operation(limit.duration) }
    }
}

/// Asks a client's broker for something, and waits for the answer.
func ask<Value: Sendable>(
    _ client: OpaquePointer?, _ milliseconds: Int64,
    _ operation: @escaping @Sendable (AMQPClient, Duration) async throws(AMQPError) -> Value
) throws(Failure) -> Value {
    let object = try Handle.require(client, as: ClientObject.self, "client")
    return try Waiting.runKeepingTime(milliseconds) { (timeout) async throws(AMQPError) in
        try await operation(object.client, timeout)
    }
}

extension samqp_queue_info {
    init(_ status: AMQPQueueStatus) {
        self.init(name: status.name)
        messages = UInt64(status.messageCount)
        consumers = UInt64(status.consumerCount)
    }

    init(name text: String) {
        self.init()
        withUnsafeMutableBytes(of: &name) { target in
            // One byte is left for the zero at the end.
            for (index, byte) in text.utf8.prefix(target.count - 1).enumerated() { target[index] = byte }
        }
    }
}
