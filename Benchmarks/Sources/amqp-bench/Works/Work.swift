/// What is measured. The names of those that peers have, too, are the same there.
enum Work: String, CaseIterable {
    case publish
    case publishConfirm = "publish-confirm"
    case publishTasks = "publish-tasks"
    case publishAwait = "publish-await"
    case consumeAck = "consume-ack"
    case consumeAutoAck = "consume-autoack"

    var publishes: Bool { self != .consumeAck && self != .consumeAutoAck }
}

struct WorkParameters: Sendable {
    let work: Work
    var count: Int
    var bodySize = 16
    /// Unconfirmed publishes, or prefetch.
    var window: Int
    var tasks = 256
    var isMandatory = false

    init(_ work: Work) {
        self.work = work
        (count, window) =
            switch work {
            case .publish: (5_000_000, 0)
            case .publishConfirm: (2_500_000, 1000)
            case .publishTasks: (500_000, 0)
            case .publishAwait: (10_000, 1)
            case .consumeAck: (1_000_000, 256)
            case .consumeAutoAck: (1_500_000, 0)
            }
    }
}
