/// Why no address of a host could be connected to.
package struct DialFailure: Error, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The host has no address.
        case unresolved(ResolveError)
        /// Each address refused or failed.
        case allFailed
        /// The deadline passed.
        case deadline
        case cancelled
    }

    /// How far one address got, in the order of the race.
    package struct Attempt: Sendable, Equatable {
        package enum Outcome: Sendable, Equatable {
            case failed(SystemError)
            /// Started, and no answer by the end.
            case unanswered
            /// Its turn never came.
            case notStarted
        }

        package let address: SocketAddress
        package let outcome: Outcome

        package init(address: SocketAddress, outcome: Outcome) {
            self.address = address
            self.outcome = outcome
        }
    }

    package let reason: Reason
    /// Empty if the end came before the host was resolved.
    package let attempts: [Attempt]

    package init(reason: Reason, attempts: [Attempt]) {
        self.reason = reason
        self.attempts = attempts
    }
}

extension DialFailure: CustomStringConvertible {
    /// For example `no address accepted: [::1]:5672 Connection refused, 127.0.0.1:5672 no answer`.
    package var description: String {
        let text =
            switch reason {
            case .unresolved(let error): "cannot resolve the host: \(error)"
            case .allFailed: "no address accepted"
            case .deadline: attempts.isEmpty ? "no answer from the name server in time" : "no address answered in time"
            case .cancelled: "cancelled"
            }
        guard !attempts.isEmpty else { return text }
        return "\(text): " + attempts.map(\.description).joined(separator: ", ")
    }
}

extension DialFailure.Attempt: CustomStringConvertible {
    package var description: String {
        switch outcome {
        case .failed(let error): "\(address) \(SystemError.text(of: error.errno))"
        case .unanswered: "\(address) no answer"
        case .notStarted: "\(address) not tried"
        }
    }
}
