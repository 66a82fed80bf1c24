// Sequences of operations beside a model, with the fuzzer as the one who chooses. The tests choose by chance.
extension FuzzTarget {
    /// ``ConfirmTracker``.
    static let confirms = FuzzTarget(
        name: "confirms", maxLength: 2048,
        run: { input in
            var run = ConfirmRun()
            try untilTheEnd(of: input) { try run.step(&$0) }
        }, seeds: { randomSeeds })

    /// ``UnsettledTags``.
    static let settles = FuzzTarget(
        name: "settles", maxLength: 2048,
        run: { input in
            var run = SettleRun()
            try untilTheEnd(of: input) { try run.step(&$0) }
        }, seeds: { randomSeeds })

    /// ``RPCQueue``.
    static let requests = FuzzTarget(
        name: "requests", maxLength: 2048,
        run: { input in
            var run = RequestRun()
            try untilTheEnd(of: input) { try run.step(&$0) }
        }, seeds: { randomSeeds })

    private static func untilTheEnd(
        of input: UnsafeRawBufferPointer, _ step: (inout ByteChoices) throws -> Void
    ) throws {
        var choices = ByteChoices(input)
        while !choices.isAtEnd { try step(&choices) }
    }

    private static var randomSeeds: [[UInt8]] {
        (1...8).map { seed in
            var random = SeededChoices(seed: UInt64(seed))
            return (0..<(16 << (seed % 4))).map { _ in UInt8(random.below(256)) }
        }
    }
}
