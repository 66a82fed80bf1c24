// The arguments of the methods of class access. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// Of AMQP 0-8; RabbitMQ answers it and does nothing.
    package struct AccessRequest: Sendable, Equatable {
        package var realm: String
        package var exclusive: Bool
        package var passive: Bool
        package var active: Bool
        package var write: Bool
        package var read: Bool

        package init(
            realm: String, exclusive: Bool = false, passive: Bool = false, active: Bool = false, write: Bool = false,
            read: Bool = false
        ) {
            self.realm = realm
            self.exclusive = exclusive
            self.passive = passive
            self.active = active
            self.write = write
            self.read = read
        }
    }

    /// The answer to ``AccessRequest``.
    package struct AccessRequestOK: Sendable, Equatable {
        package var ticket: UInt16

        package init(ticket: UInt16) {
            self.ticket = ticket
        }
    }
}
