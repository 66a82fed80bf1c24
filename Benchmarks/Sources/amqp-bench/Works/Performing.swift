import SwiftAMQP

/// Runs a work once, over a connection of its own, and has the sink check the counts. Not on the main actor but on the
/// pool, where a server's tasks run.
@concurrent
func perform(_ parameters: WorkParameters, port: UInt16) async throws -> Measurement {
    let configuration = AMQPConfiguration(host: "127.0.0.1", port: port)
    return try await AMQPConnection.withConnection(configuration) { connection in
        try await connection.withChannel { channel in
            let before = try await channel.status(ofQueue: sinkStatistics)
            let measurement =
                switch parameters.work {
                case .publish: try await publish(parameters, on: channel)
                case .publishConfirm: try await publishConfirm(parameters, on: channel)
                case .publishTasks: try await publishTasks(parameters, on: channel)
                case .publishAwait: try await publishAwait(parameters, on: channel)
                case .consumeAck, .consumeAutoAck: try await consume(parameters, on: channel)
                }
            let after = try await channel.status(ofQueue: sinkStatistics)
            // The sink counts modulo 2^32.
            let published = after.messageCount &- before.messageCount
            let settled = after.consumerCount &- before.consumerCount
            let expectedPublished = parameters.work.publishes ? UInt32(parameters.count) : 0
            let expectedSettled = parameters.work == .consumeAck ? UInt32(parameters.count) : 0
            guard published == expectedPublished, settled == expectedSettled else {
                throw BenchError.miscounted(
                    "\(parameters.work.rawValue): the sink saw \(published) publishes and \(settled) acks, not "
                        + "\(expectedPublished) and \(expectedSettled) (or it has other clients)")
            }
            return measurement
        }
    }
}

/// The queue whose status is what the sink counted. Asking for it is also the barrier behind everything sent.
let sinkStatistics = "sink:stats"
