internal import CSwiftAMQP
internal import SwiftAMQP

extension EventObject {
    /// What a consumer reports before its end; `nil` for what is no event of C.
    convenience init?(consumer event: AMQPClientEvent, user: UInt) {
        switch event {
        case .consumerSubscribed(let tag, _):
            self.init(SAMQP_EVENT_CONSUMER, user: user, int: SAMQP_CONSUMER_SUBSCRIBED, text: tag)
        case .consumerLost(let tag, _, let error):
            self.init(
                SAMQP_EVENT_CONSUMER, user: user, int: SAMQP_CONSUMER_LOST, text: tag, error: Failure(error))
        case .consumerPaused(let tag, _, _):
            self.init(SAMQP_EVENT_CONSUMER, user: user, int: SAMQP_CONSUMER_PAUSED, text: tag)
        default: return nil
        }
    }

    /// The last event of a consumer.
    convenience init(consumerEnded error: AMQPError?, tag: String, user: UInt) {
        self.init(
            SAMQP_EVENT_CONSUMER, user: user, int: SAMQP_CONSUMER_ENDED, text: tag, error: error.map { Failure($0) })
    }
}
