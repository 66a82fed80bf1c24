/// What the threads of a fake broker share.
final class FakeBrokerState: Sendable {
    /// Ends every wait.
    let stop: FakeSignal
    private let acceptedSignals: [FakeSignal]
    private let results: Locked<Results>

    private struct Results: Sendable {
        var frames: [[WireFrame]]
        var failure: HarnessError?
    }

    init(connections: Int) throws(HarnessError) {
        stop = try FakeSignal()
        var signals: [FakeSignal] = []
        for _ in 0..<connections { signals.append(try FakeSignal()) }
        acceptedSignals = signals
        results = Locked(Results(frames: Array(repeating: [], count: connections)))
    }

    func accepted(_ number: Int) -> FakeSignal? {
        acceptedSignals.indices.contains(number) ? acceptedSignals[number] : nil
    }

    func record(_ connection: Int, _ frames: [WireFrame]) {
        results.withLock { $0.frames[connection] = frames }
    }

    /// Keeps the first failure, and ends the other scripts: what they would report is only its consequence.
    func fail(_ connection: Int, _ error: HarnessError, _ frames: [WireFrame]) {
        results.withLock { results in
            if results.failure != nil { return }
            var text = "fake broker, connection \(connection): \(error.text)"
            if !frames.isEmpty {
                text += "\nreceived until then:\n" + frames.map { "  \($0)" }.joined(separator: "\n")
            }
            results.failure = HarnessError(error.kind, text)
        }
        stop.fire()
    }

    var transcript: FakeTranscript { FakeTranscript(connections: results.withLock { $0.frames }) }

    func result() throws(HarnessError) -> FakeTranscript {
        if let failure = results.withLock({ $0.failure }) { throw failure }
        return transcript
    }
}
