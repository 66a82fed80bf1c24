import TestSupport

/// What a nemesis does.
enum Fault: Sendable, Hashable, CustomStringConvertible {
    // Through the proxy.
    case reset
    case resetOne
    case resetInBody
    case resetAtConfirm
    case finish
    case blackhole(FrameDirection?)
    // To the broker.
    case closeAll
    case kill
    case pause(Duration)

    var description: String {
        switch self {
        case .reset: "rst"
        case .resetOne: "rst of one connection"
        case .resetInBody: "rst in the middle of a body"
        case .resetAtConfirm: "rst instead of a confirm"
        case .finish: "fin"
        case .blackhole(nil): "black hole both ways"
        case .blackhole(let direction?): "black hole \(direction.rawValue)"
        case .closeAll: "close_all_connections"
        case .kill: "kill -9 and restart of the broker"
        case .pause(let duration): "broker stopped for \(duration.inMilliseconds) ms"
        }
    }

    /// One that the proxy does.
    static func ofProxy(_ random: inout SeededGenerator) -> Fault {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<3: .reset
        case 3..<5: .resetOne
        case 5..<7: .resetInBody
        case 7..<9: .resetAtConfirm
        case 9: .finish
        case 10: .blackhole([.clientToServer, .serverToClient].randomElement(using: &random))
        default: .blackhole(nil)
        }
    }
}

/// Which faults, in which order, with which waits: all of it follows from the seed.
struct FaultPlan: Sendable {
    struct Step: Sendable {
        var wait: Duration
        var fault: Fault
    }

    var steps: [Step] = []

    init(seed: UInt64, cycles: Int, closeAll: Int, brokerKills: Int, pauses: Int) {
        var random = SeededGenerator(seed: seed)
        var faults = (0..<cycles).map { _ in Fault.ofProxy(&random) }
        faults += (0..<closeAll).map { _ in .closeAll }
        faults += (0..<brokerKills).map { _ in .kill }
        // From well below the heartbeat timeout, which must do no harm, to well over twice of it.
        faults += (0..<pauses).map { _ in .pause(.milliseconds(Int.random(in: 500...6000, using: &random))) }
        faults.shuffle(using: &random)
        steps = faults.map { fault in
            // 0.2 to 2 s, short ones more often.
            let part = Double.random(in: 0...1, using: &random)
            return Step(wait: .milliseconds(200 + Int(1800 * part * part * part)), fault: fault)
        }
    }
}
