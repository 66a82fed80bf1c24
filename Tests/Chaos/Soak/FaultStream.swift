import TestSupport

/// Faults without an end, drawn by weight, with the waits before them: all of it follows from the seed.
struct FaultStream: Sendable {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next() -> FaultPlan.Step {
        // 0.2 to 5 s, short ones more often.
        let part = Double.random(in: 0...1, using: &random)
        let wait = Duration.milliseconds(200 + Int(4800 * part * part))
        let fault: Fault =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<80: .ofProxy(&random)
            case 80..<92: .closeAll
            case 92..<97: .pause(.milliseconds(Int.random(in: 500...6000, using: &random)))
            default: .kill
            }
        return FaultPlan.Step(wait: wait, fault: fault)
    }
}
