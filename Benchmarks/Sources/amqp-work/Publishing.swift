import SwiftAMQP

/// No confirms; ends with a barrier, so that everything was swallowed.
func publish(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws {
    let message = parameters.message
    let address = parameters.address
    for _ in 0..<count {
        try await channel.publishUnconfirmed(message, to: address, isMandatory: parameters.isMandatory)
    }
    _ = try await channel.status(ofQueue: parameters.barrier)
}

/// At most a window of them unconfirmed.
func publishConfirm(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws {
    let message = parameters.message
    let address = parameters.address
    try await channel.withPublisher(window: parameters.window) { publisher in
        for _ in 0..<count {
            try await publisher.send(message, to: address, isMandatory: parameters.isMandatory)
        }
    }
}

/// The same through a client that would come back if its connection were lost: each message has an id, and is kept until it
/// is confirmed.
func publishSupervised(_ parameters: WorkParameters, _ count: Int, _ configuration: AMQPConfiguration) async throws {
    let message = parameters.message
    let address = parameters.address
    let client = try AMQPClient(configuration: AMQPClientConfiguration(configuration))
    let publisher = try client.publisher(window: parameters.window)
    for _ in 0..<count {
        try await publisher.enqueue(message, to: address, isMandatory: parameters.isMandatory)
    }
    let report = await publisher.flush()
    if let error = report.firstFailure { throw error }
    await client.shutdown()
}

/// Many tasks on one channel, each of which awaits the confirm of its message before it publishes the next one.
func publishTasks(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws {
    let message = parameters.message
    let address = parameters.address
    try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<parameters.tasks {
            let share = share(of: count, task, among: parameters.tasks)
            group.addTask {
                for _ in 0..<share {
                    try await channel.publish(message, to: address, isMandatory: parameters.isMandatory)
                }
            }
        }
        try await group.waitForAll()
    }
}

/// One at a time. Gives the nanoseconds from publish to confirm of each.
func publishAwait(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws -> [Int64] {
    let message = parameters.message
    let address = parameters.address
    var latencies: [Int64] = []
    latencies.reserveCapacity(count)
    for _ in 0..<count {
        let begin = Stopwatch.now
        try await channel.publish(message, to: address, isMandatory: parameters.isMandatory)
        latencies.append(Stopwatch.now - begin)
    }
    return latencies
}

/// The remainder goes to the first, one each.
func share(of count: Int, _ index: Int, among many: Int) -> Int { count / many + (index < count % many ? 1 : 0) }
