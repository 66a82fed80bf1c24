// The arguments of the methods of class confirm. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// Puts the channel into confirm mode (https://www.rabbitmq.com/docs/confirms).
    package struct ConfirmSelect: Sendable, Equatable {
        package var noWait: Bool

        package init(noWait: Bool = false) {
            self.noWait = noWait
        }
    }
}
