internal import CSwiftAMQP
internal import SwiftAMQP

/// Why a call of C fails: a status, and what to say of it.
struct Failure: Error {
    let status: samqp_status
    /// Another status only where a publish ended: why it did.
    let cause: samqp_status
    let error: AMQPError

    init(_ error: AMQPError) {
        cause = error.status
        status = error.outcome?.failureStatus ?? cause
        self.error = error
    }

    /// For what no error of the Swift API stands for.
    init(_ status: samqp_status, _ text: String) {
        self.status = status
        cause = status
        error = AMQPError(.invalidArgument, text)
    }

    static func invalidArgument(_ text: String) -> Failure { Failure(SAMQP_ERR_INVALID_ARGUMENT, text) }

    /// A handle or an out parameter that has to be there is not.
    static func missing(_ name: String) -> Failure { .invalidArgument("'\(name)' is NULL") }

    /// A publish that was given no time at all.
    static func noTimeToPublish(to address: AMQPAddress) -> Failure {
        Failure(
            AMQPError(
                .timeout, "there was no time to publish to \(address): nothing was sent",
                outcome: .notSent(reason: .timeout)))
    }

    static let forked = Failure(
        SAMQP_ERR_FORKED,
        "this process was made by fork(2) after the library was used: only its parent can use it; call exec(2), or fork "
            + "before")
    static let wouldDeadlock = Failure(
        SAMQP_ERR_WOULD_DEADLOCK, "this call waits, and was made inside a callback, which it would wait for")
    static let timeout = Failure(SAMQP_ERR_TIMEOUT, "the time ran out")
}
