import SwiftAMQP

private let address = AMQPAddress.exchange("bench", routingKey: "bench.key")

extension WorkParameters {
    fileprivate var message: AMQPMessage { AMQPMessage(body: Array(repeating: UInt8(ascii: "x"), count: bodySize)) }
}

/// No confirms; ends with a barrier, so that everything was swallowed.
func publish(_ parameters: WorkParameters, on channel: AMQPChannel) async throws -> Measurement {
    let message = parameters.message
    var stopwatch = Stopwatch()
    for _ in 0..<parameters.count {
        try await channel.publishUnconfirmed(message, to: address, isMandatory: parameters.isMandatory)
    }
    _ = try await channel.status(ofQueue: sinkStatistics)
    stopwatch.stop()
    return Measurement(parameters, stopwatch)
}

/// At most a window of them unconfirmed.
func publishConfirm(_ parameters: WorkParameters, on channel: AMQPChannel) async throws -> Measurement {
    let message = parameters.message
    try await channel.confirmSelect()
    var stopwatch = Stopwatch()
    try await channel.withPublisher(window: parameters.window) { publisher in
        for _ in 0..<parameters.count {
            try await publisher.send(message, to: address, isMandatory: parameters.isMandatory)
        }
    }
    stopwatch.stop()
    return Measurement(parameters, stopwatch)
}

/// Many tasks on one channel, each of which awaits the confirm of its message before it publishes the next one.
func publishTasks(_ parameters: WorkParameters, on channel: AMQPChannel) async throws -> Measurement {
    let message = parameters.message
    try await channel.confirmSelect()
    var stopwatch = Stopwatch()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<parameters.tasks {
            // The remainder goes to the first tasks, one each.
            let share =
                parameters.count / parameters.tasks + (task < parameters.count % parameters.tasks ? 1 : 0)
            group.addTask {
                for _ in 0..<share {
                    try await channel.publish(message, to: address, isMandatory: parameters.isMandatory)
                }
            }
        }
        try await group.waitForAll()
    }
    stopwatch.stop()
    return Measurement(parameters, stopwatch)
}

/// One at a time, timed from publish to confirm.
func publishAwait(_ parameters: WorkParameters, on channel: AMQPChannel) async throws -> Measurement {
    let message = parameters.message
    try await channel.confirmSelect()
    var latencies: [Int64] = []
    latencies.reserveCapacity(parameters.count)
    var stopwatch = Stopwatch()
    for _ in 0..<parameters.count {
        let begin = Stopwatch.now
        try await channel.publish(message, to: address, isMandatory: parameters.isMandatory)
        latencies.append(Stopwatch.now - begin)
    }
    stopwatch.stop()
    return Measurement(parameters, stopwatch, latencies: latencies)
}
