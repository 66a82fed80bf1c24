internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_consumer` is.
final class ConsumerObject: Sendable {
    enum Kind: Sendable {
        /// Deliveries are fetched, by its event queue or by threads.
        case fetched(ConsumerMailbox, isPolled: Bool)
        case handled(AMQPConsumer, HandlerThreads)
    }

    let kind: Kind
    let tag: CText

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .fetched(let mailbox, _): tag = CText(mailbox.tag)
        case .handled(let consumer, _): tag = CText(consumer.tag)
        }
    }

    deinit {
        switch kind {
        case .fetched(let mailbox, _): mailbox.free()
        case .handled(let consumer, let threads):
            Task {
                await consumer.cancel(deadline: .zero)
                threads.end()
            }
        }
    }

    /// Refuses to wait for the end of the consumer inside its own handler.
    func checkMayEnd() throws(Failure) {
        if Callback.isInEvent { throw Failure.wouldDeadlock }
        if case .handled(_, let threads) = kind, Callback.handler === threads { throw Failure.wouldDeadlock }
    }

    /// Ends it and waits until everything is settled.
    ///
    /// - Returns: Whether it was in time.
    func cancel(within duration: Duration) throws(Failure) -> Bool {
        try checkMayEnd()
        return try Waiting.untilDone { [kind] in
            switch kind {
            case .fetched(let mailbox, _): return await mailbox.cancel(within: duration)
            case .handled(let consumer, let threads):
                defer { threads.end() }
                return await consumer.cancel(within: duration)
            }
        }
    }
}
