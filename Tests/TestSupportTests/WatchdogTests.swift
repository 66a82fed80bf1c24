import TestSupport
import Testing

/// What hangs is found, named and shown; what does not is let alone.
@Suite(.timeLimit(.minutes(2))) struct WatchdogTests {
    @Test func whatEndsInTimeIsLetAlone() async throws {
        let reports = Locked<[String]>([])
        try await Watchdog.with(report: { text in reports.withLock { $0.append(text) } }) { watchdog in
            let seven = try await watchdog.watch("quick", within: .seconds(60)) { 7 }
            #expect(seven == 7)
            await #expect(throws: HarnessError.self) {
                try await watchdog.watch("failing", within: .seconds(60)) { throw HarnessError(.stopped, "by itself") }
            }
            #expect(watchdog.barks.isEmpty)
        }
        #expect(reports.withLock { $0 }.isEmpty)
    }

    @Test func whatHangsFailsWithTheStacks() async throws {
        let reports = Locked<[String]>([])
        let release = try FakeSignal()
        let wasCancelled = try FakeSignal()
        try await Watchdog.with(report: { text in reports.withLock { $0.append(text) } }) { watchdog in
            let start = ContinuousClock.now
            do {
                // It ignores its cancellation, as what hangs does.
                try await watchdog.watch("the operation that hangs", within: .milliseconds(10)) {
                    try await withTaskCancellationHandler {
                        try await release.fired(within: .seconds(90))
                    } onCancel: {
                        wasCancelled.fire()
                    }
                }
                Issue.record("it did not fail")
            } catch let error as HarnessError {
                #expect(error.kind == .timeout)
                #expect(error.text.contains("the operation that hangs"))
            }
            #expect(ContinuousClock.now - start >= Watchdog.grace)
            #expect(watchdog.barks == ["the operation that hangs"])
            try await wasCancelled.fired()
            release.fire()
        }
        let report = reports.withLock { $0.joined() }
        #expect(report.contains("the operation that hangs"))
        // The watchdog's own thread is one of those that are shown, whoever shows them.
        #expect(report.contains("hread "), "\(report)")
    }

    @Test func aCancelledTaskCancelsWhatItWatches() async throws {
        try await Watchdog.with { watchdog in
            let started = try FakeSignal()
            let task = Task {
                try await watchdog.watch("sleeping", within: .seconds(60)) {
                    started.fire()
                    try await Task.sleep(for: .seconds(60))
                }
            }
            try await started.fired()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    /// What the kernel says, where no debugger may look.
    @Test func withoutADebugger() throws {
        let text = StackDump.kernelView()
        #expect(text.contains("State: R (running)"), "\(text)")
        #expect(text.split(separator: "\n").count >= 2)
    }
}
