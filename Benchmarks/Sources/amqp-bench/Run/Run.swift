import Foundation

enum Contestant: String, CaseIterable {
    case ours = "SwiftAMQP"
    case rabbitmqC = "rabbitmq-c"
    case go = "amqp091-go"

    var program: String {
        switch self {
        case .ours: "amqp-work"
        case .rabbitmqC: "peer-rabbitmq-c"
        case .go: "peer-amqp091-go"
        }
    }

    /// A peer whose compiler or library is missing was not built.
    var isThere: Bool { FileManager.default.isExecutableFile(atPath: sibling(program).path) }
}

/// What one child process does.
struct Run: Hashable {
    let contestant: Contestant
    let work: String
    /// Another program than the contestant's usual one.
    var ownProgram: String?
    var count = 0
    var bodySize = 16
    var connections = 1
    var channels = 1
    var window: Int?
    /// A queue of a broker; without one it is the sink.
    var queue: String?
    var countsAllocations = false
    /// What does not vary is measured once: memory, threads, allocations.
    var isMeasuredOnce = false

    var program: String { ownProgram ?? contestant.program }

    func arguments(port: UInt16?) -> [String] {
        var words = [work, "--body", "\(bodySize)"]
        if count > 0 { words += ["--count", "\(count)"] }
        if let port { words += ["--port", "\(port)"] }
        if let queue { words += ["--queue", queue] }
        if let window { words += ["--window", "\(window)"] }
        if connections > 1 { words += ["--connections", "\(connections)"] }
        if channels > 1 { words += ["--channels", "\(channels)"] }
        return words
    }
}
