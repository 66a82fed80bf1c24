import SwiftAMQP

/// Takes what the sink pours, and acknowledges one by one, or lets the broker do it. Ends with a barrier behind the last
/// ack.
func consume(_ parameters: WorkParameters, on channel: AMQPChannel) async throws -> Measurement {
    let acks = parameters.work == .consumeAck
    let queue = "pour:\(parameters.count):\(parameters.bodySize)"
    var stopwatch = Stopwatch()
    try await channel.withConsumer(
        queue, prefetch: acks ? .count(UInt16(parameters.window)) : .unlimited,
        acknowledgement: acks ? .manual : .automatic
    ) { deliveries in
        var received = 0
        for try await delivery in deliveries {
            guard delivery.body.count == parameters.bodySize else {
                throw BenchError.miscounted("a delivery of \(delivery.body.count) octets, not \(parameters.bodySize)")
            }
            if acks { try delivery.ack() }
            received += 1
            if received == parameters.count { break }
        }
        guard received == parameters.count else {
            throw BenchError.miscounted("\(received) deliveries, not \(parameters.count)")
        }
        if acks { _ = try await channel.status(ofQueue: sinkStatistics) }
        stopwatch.stop()
    }
    return Measurement(parameters, stopwatch)
}
