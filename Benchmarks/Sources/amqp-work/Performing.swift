import Glibc
import SwiftAMQP

/// Runs a work once, over connections of its own, and gives its figures as a line of JSON. Not on the main actor but on
/// the pool, where a server's tasks run.
@concurrent
func perform(_ parameters: WorkParameters) async throws -> String? {
    let configuration = try configuration(parameters)
    allowManyDescriptors()
    switch parameters.work {
    case .idle: return try await idle(parameters, configuration)
    case .declare, .delete:
        try await prepareQueue(parameters, configuration)
        return nil
    default: break
    }

    var connections: [AMQPConnection] = []
    var channels: [AMQPChannel] = []
    for _ in 0..<parameters.connections {
        let connection = try await AMQPConnection.connect(configuration)
        connections.append(connection)
        for _ in 0..<parameters.channels { channels.append(try await connection.openChannel()) }
    }
    let before = try await channels[0].status(ofQueue: parameters.barrier)
    if parameters.work.confirms {
        for channel in channels { try await channel.confirmSelect() }
    }
    var stopwatch = Stopwatch()
    let latencies = try await run(parameters, on: channels)
    stopwatch.stop()
    if parameters.queue == nil {
        try check(parameters, before, try await channels[0].status(ofQueue: parameters.barrier))
    }
    for connection in connections { await connection.close() }
    return line(parameters, stopwatch, latencies)
}

/// The messages divided among the channels. One channel has no task of its own.
private func run(_ parameters: WorkParameters, on channels: [AMQPChannel]) async throws -> [Int64] {
    if channels.count == 1 { return try await run(parameters, parameters.count, on: channels[0]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, channel) in channels.enumerated() {
            let share = share(of: parameters.count, index, among: channels.count)
            if share == 0 { continue }
            group.addTask { _ = try await run(parameters, share, on: channel) }
        }
        try await group.waitForAll()
    }
    return []
}

private func run(_ parameters: WorkParameters, _ count: Int, on channel: AMQPChannel) async throws -> [Int64] {
    switch parameters.work {
    case .publish: try await publish(parameters, count, on: channel)
    case .publishConfirm: try await publishConfirm(parameters, count, on: channel)
    case .publishSupervised: try await publishSupervised(parameters, count, try configuration(parameters))
    case .publishTasks: try await publishTasks(parameters, count, on: channel)
    case .publishAwait: return try await publishAwait(parameters, count, on: channel)
    case .consumeAck, .consumeAutoAck: try await consume(parameters, count, on: channel)
    case .idle, .declare, .delete: break
    }
    return []
}

private func check(_ parameters: WorkParameters, _ before: AMQPQueueStatus, _ after: AMQPQueueStatus) throws {
    // The sink counts modulo 2^32.
    let published = after.messageCount &- before.messageCount
    let settled = after.consumerCount &- before.consumerCount
    let expectedPublished = parameters.work.publishes ? UInt32(truncatingIfNeeded: parameters.count) : 0
    let expectedSettled = parameters.work == .consumeAck ? UInt32(truncatingIfNeeded: parameters.count) : 0
    guard published == expectedPublished, settled == expectedSettled else {
        throw WorkError.miscounted(
            "\(parameters.work.rawValue): the sink saw \(published) publishes and \(settled) acks, not "
                + "\(expectedPublished) and \(expectedSettled) (or it has other clients)")
    }
}

private func prepareQueue(_ parameters: WorkParameters, _ configuration: AMQPConfiguration) async throws {
    guard let queue = parameters.queue else { throw WorkError.usage }
    try await AMQPConnection.withConnection(configuration) { connection in
        try await connection.withChannel { channel in
            if parameters.work == .delete {
                _ = try await channel.delete(queue: queue)
            } else {
                _ = try await channel.declare(.classic(queue))
                _ = try await channel.purge(queue: queue)
            }
        }
    }
}

private func configuration(_ parameters: WorkParameters) throws -> AMQPConfiguration {
    if let port = parameters.port { return AMQPConfiguration(host: "127.0.0.1", port: port) }
    guard let url = getenv("AMQP_URL") else { throw WorkError.noBroker }
    return try AMQPConfiguration(url: String(cString: url))
}

/// A thousand connections are close to the usual soft limit.
private func allowManyDescriptors() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
