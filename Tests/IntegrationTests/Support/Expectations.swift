import SwiftAMQP
import TestSupport
import Testing

/// Runs `body` and expects it to fail with this code, and with this reply code where the broker says one.
@discardableResult
func expectError<Value>(
    _ code: AMQPError.Code, replyCode: UInt16? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async -> AMQPError? {
    do {
        _ = try await body()
        Issue.record("no error, where \(code) was expected", sourceLocation: sourceLocation)
    } catch let error as AMQPError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.replyCode == replyCode, "\(error)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return nil
}

/// How long `body` takes.
func elapsed(_ body: () async throws -> Void) async rethrows -> Duration {
    let start = ContinuousClock.now
    try await body()
    return .now - start
}

/// Waits for a state of the broker that it announces in no other way; a failure past the deadline.
func eventually(
    within duration: Duration = .seconds(10), _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = Deadline.after(duration)
    while !(try await condition()) {
        if deadline.hasPassed {
            Issue.record("not in time: \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

extension AMQPPublishOutcome {
    var isReturned: Bool { if case .returned = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
    var isNotSent: Bool { if case .notSent = self { true } else { false } }
}
