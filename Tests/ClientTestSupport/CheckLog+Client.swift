package import SwiftAMQP
package import TestSupport

extension CheckedOutcome {
    package init(_ outcome: AMQPPublishOutcome) {
        self =
            switch outcome {
            case .confirmed: .confirmed
            case .returned: .returned
            case .nacked: .nacked
            case .notSent: .notSent
            case .unknown: .unknown
            }
    }
}

extension CheckLog {
    /// Writes down how a publish of a supervised client ended. Gives that; `nil`, and nothing is written, where the error
    /// is not the end of a publish.
    @discardableResult
    package func ended(_ id: MessageID, _ result: Result<AMQPPublishReceipt, AMQPError>) -> CheckedOutcome? {
        switch result {
        case .success(let receipt):
            outcome(id, .confirmed, attempts: receipt.attempts)
            return .confirmed
        case .failure(let error):
            guard let outcome = error.outcome.map(CheckedOutcome.init) else { return nil }
            self.outcome(id, outcome)
            return outcome
        }
    }

    /// Writes down a delivery, with the attempt that the supervised client marked it with.
    package func delivered(_ delivery: AMQPDelivery) {
        let attempt = delivery.properties.headers[AMQPMessage.attemptHeader]?.integer
        delivered(delivery.body, redelivered: delivery.isRedelivered, attempt: attempt.map { Int($0) })
    }
}
