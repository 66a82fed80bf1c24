/// Who waits for something to become true of a proxy's connections.
struct ProxyWaiter: Sendable {
    let what: String
    let deadline: Deadline
    let condition: @Sendable (ProxyStatus) -> Bool
    let continuation: CheckedContinuation<Result<Void, HarnessError>, Never>

    /// Whether the wait is over, one way or the other.
    func resumes(_ status: ProxyStatus) -> Bool {
        if condition(status) {
            continuation.resume(returning: .success(()))
        } else if deadline.hasPassed {
            continuation.resume(returning: .failure(HarnessError(.timeout, "not in time: \(what); \(status)")))
        } else {
            return false
        }
        return true
    }

    func stopped() {
        continuation.resume(returning: .failure(HarnessError(.stopped, "the proxy was stopped before \(what)")))
    }
}
