internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_plan` is.
final class PlanObject: Sendable {
    struct Item: Sendable {
        let finding: Int32
        let text: CText
    }

    let items: [Item]
    let isApplicable: Bool

    init(_ plan: AMQPTopologyPlan) {
        isApplicable = plan.isApplicable
        items = plan.items.map { item in
            let warnings = item.warnings.map { "; warning: \($0)" }.joined()
            return Item(finding: item.finding.number, text: CText("\(item.entity): \(item.finding)\(warnings)"))
        }
    }
}

extension AMQPTopologyPlan.Finding {
    /// `SAMQP_PLAN_*`.
    fileprivate var number: Int32 {
        switch self {
        case .exists: SAMQP_PLAN_EXISTS
        case .wouldBeCreated: SAMQP_PLAN_MISSING
        case .conflict: SAMQP_PLAN_DIFFERS
        case .existsUncompared, .failed: SAMQP_PLAN_UNKNOWN
        case .locked, .noPermission, .endMissing, .invalid: SAMQP_PLAN_REFUSED
        }
    }
}

extension AMQPTopologyReport {
    /// What to say of a topology that is there in part; `nil` if all of it is.
    var failure: Failure? {
        guard let first = failures.first else { return nil }
        // The rest is in the state of the client, too.
        let shown = failures.prefix(5).map { "\($0.entity): \($0.error.text)" }.joined(separator: "; ")
        let more = failures.count > 5 ? "; and \(failures.count - 5) more" : ""
        return Failure(
            SAMQP_ERR_DEGRADED,
            AMQPError(
                first.error.code,
                "\(failures.count) of \(failures.count + declared.count) could not be declared, and are tried again: "
                    + "\(shown)\(more)", replyCode: first.error.replyCode, endpoint: first.error.endpoint,
                underlying: first.error))
    }
}

extension Failure {
    /// A status that the error alone does not tell.
    fileprivate init(_ status: samqp_status, _ error: AMQPError) {
        self.status = status
        cause = status
        self.error = error
    }
}
