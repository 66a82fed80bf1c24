import SwiftAMQP

/// Takes what the sink pours or the queue holds, and acknowledges one by one, or lets the broker do it. Ends with a
/// barrier behind the last ack.
func consume(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws {
    let acks = parameters.work == .consumeAck
    let queue = parameters.queue ?? "pour:\(count):\(parameters.bodySize)"
    try await channel.withConsumer(
        queue, prefetch: acks ? .count(UInt16(parameters.window)) : .unlimited,
        acknowledgement: acks ? .manual : .automatic
    ) { deliveries in
        var received = 0
        for try await delivery in deliveries {
            guard delivery.body.count == parameters.bodySize else {
                throw WorkError.miscounted("a delivery of \(delivery.body.count) octets, not \(parameters.bodySize)")
            }
            if acks { try delivery.ack() }
            received += 1
            if received == count { break }
        }
        guard received == count else {
            throw WorkError.miscounted("\(received) deliveries, not \(count)")
        }
        if acks { _ = try await channel.status(ofQueue: parameters.barrier) }
    }
}
