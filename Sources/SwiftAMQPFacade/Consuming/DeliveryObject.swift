internal import SwiftAMQP

/// What a `samqp_delivery` is.
final class DeliveryObject: Sendable {
    let delivery: AMQPDelivery
    /// What has to live as long as the delivery can be settled.
    private let owner: (any AnyObject & Sendable)?

    init(_ delivery: AMQPDelivery, owner: (any AnyObject & Sendable)? = nil) {
        self.delivery = delivery
        self.owner = owner
    }
}
