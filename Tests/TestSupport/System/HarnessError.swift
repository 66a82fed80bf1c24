/// Everything that the test harness throws.
package struct HarnessError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The broker of `AMQP_URL` is not ours: it cannot be stopped, paused or configured.
        case externalBroker
        /// No RabbitMQ server is installed on this machine.
        case notInstalled
        /// A node did not start, or ended by itself.
        case nodeFailed
        /// A command ended with a status other than 0.
        case commandFailed(status: Int32)
        /// A deadline passed.
        case timeout
        /// A system call failed.
        case system(errno: Int32)
        /// The peer of a fake broker did not do what the script says.
        case script
        /// Bytes are not what the protocol allows.
        case malformed
        /// The fake broker was stopped while a step was under way.
        case stopped
    }

    package var kind: Kind
    package var text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package var description: String {
        switch kind {
        case .system(let code): "\(text): \(errorText(code))"
        case .commandFailed(let status): "\(text) [status \(status)]"
        default: text
        }
    }
}
