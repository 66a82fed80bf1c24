/// One line of the table: a work of ours against one of a peer.
struct Row {
    let title: String
    let ours: Run
    let peer: Run
    /// How many times as fast as the peer we want to be.
    let target: Double?
    var isLatency = false

    /// Works with counts that take about a second each.
    static func all(isQuick: Bool) -> [Row] {
        func ours(_ work: Work) -> Run {
            var parameters = WorkParameters(work)
            if isQuick { parameters.count /= 5 }
            return Run(contestant: .ours, work: work, count: parameters.count)
        }
        func rabbitmqC(_ work: Work, _ count: Int) -> Run {
            Run(contestant: .rabbitmqC, work: work, count: isQuick ? count / 5 : count)
        }
        let pipelined = rabbitmqC(.publishConfirm, 150_000)
        return [
            Row(
                title: "publish, no confirms", ours: ours(.publish), peer: rabbitmqC(.publish, 200_000), target: 20),
            Row(title: "publish, window of 1,000", ours: ours(.publishConfirm), peer: pipelined, target: 15),
            // rabbitmq-c has no tasks: its best way with confirms is the one above.
            Row(title: "publish, 256 tasks awaiting", ours: ours(.publishTasks), peer: pipelined, target: 5),
            Row(
                title: "consume, one ack each", ours: ours(.consumeAck), peer: rabbitmqC(.consumeAck, 250_000),
                target: 8),
            Row(
                title: "consume, auto-ack", ours: ours(.consumeAutoAck), peer: rabbitmqC(.consumeAutoAck, 2_000_000),
                target: nil),
            Row(
                title: "publish, one awaited (p50)", ours: ours(.publishAwait),
                peer: rabbitmqC(.publishAwait, 10_000), target: nil, isLatency: true),
        ]
    }
}

/// What one child process does.
struct Run: Hashable {
    enum Contestant: String {
        case ours = "SwiftAMQP"
        case rabbitmqC = "rabbitmq-c"
    }

    let contestant: Contestant
    let work: Work
    let count: Int
    static let bodySize = 16

    /// Program, below the folder of ours, and arguments.
    func command(port: UInt16) -> [String] {
        switch contestant {
        case .ours:
            [
                "amqp-bench", "work", work.rawValue, "--port", "\(port)", "--count", "\(count)", "--body",
                "\(Self.bodySize)",
            ]
        case .rabbitmqC: ["peer-rabbitmq-c", "127.0.0.1", "\(port)", work.rawValue, "\(count)", "\(Self.bodySize)"]
        }
    }
}
