import SwiftAMQP

/// What is measured. The names of those that peers have, too, are the same there.
enum Work: String, CaseIterable {
    case publish
    case publishConfirm = "publish-confirm"
    /// As `publishConfirm`, through a supervised client.
    case publishSupervised = "publish-supervised"
    case publishTasks = "publish-tasks"
    case publishAwait = "publish-await"
    case consumeAck = "consume-ack"
    case consumeAutoAck = "consume-autoack"
    /// Connections that do nothing, and what they hold.
    case idle
    /// No figures: a queue of the broker to work with, made (and emptied, if it was there) and deleted.
    case declare
    case delete

    var publishes: Bool {
        switch self {
        case .publish, .publishConfirm, .publishSupervised, .publishTasks, .publishAwait: true
        case .consumeAck, .consumeAutoAck, .idle, .declare, .delete: false
        }
    }

    var confirms: Bool { publishes && self != .publish && self != .publishSupervised }
}

struct WorkParameters: Sendable {
    let work: Work
    /// Of a sink; without it the broker is that of AMQP_URL.
    var port: UInt16?
    /// Of a broker.
    var queue: String?
    var count: Int
    var bodySize = 16
    /// Unconfirmed publishes, or prefetch.
    var window: Int
    var tasks = 256
    var connections = 1
    /// On each connection.
    var channels = 1
    var isMandatory = false

    init(_ work: Work) {
        self.work = work
        (count, window) =
            switch work {
            case .publish: (5_000_000, 0)
            case .publishConfirm: (2_500_000, 1000)
            case .publishSupervised: (1_000_000, 1000)
            case .publishTasks: (500_000, 0)
            case .publishAwait: (10_000, 1)
            case .consumeAck: (1_000_000, 256)
            case .consumeAutoAck: (1_500_000, 0)
            case .idle, .declare, .delete: (0, 0)
            }
    }

    var lanes: Int { connections * channels }

    var address: AMQPAddress { queue.map { .queue($0) } ?? .exchange("bench", routingKey: "bench.key") }

    /// The queue that is asked for as a barrier behind everything sent. The sink's status is what it counted.
    var barrier: String { queue ?? "sink:stats" }

    var message: AMQPMessage { AMQPMessage(body: Array(repeating: UInt8(ascii: "x"), count: bodySize)) }
}
