internal import SwiftAMQP

/// What a `samqp_delivery` is.
final class DeliveryObject: Sendable {
    let delivery: AMQPDelivery

    init(_ delivery: AMQPDelivery) {
        self.delivery = delivery
    }
}
