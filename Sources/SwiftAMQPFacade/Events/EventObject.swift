internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_event` is. Its text and error are made when they are asked for: most confirms are asked for neither.
final class EventObject: Sendable {
    /// Where text and error come from.
    private enum Source: Sendable {
        case publish(EndedPublish)
        case words(text: String, error: Failure?)
        case delivery
    }

    let type: samqp_event_type
    let tag: UInt64
    /// The caller's pointer; this library does not look at it.
    let user: UInt
    let status: samqp_status
    let int: Int32
    private let source: Source
    /// A reference to a `DeliveryObject`, or 0.
    ///
    /// Invariant: it was retained when it was stored, and whoever exchanges it for 0 releases it.
    private let delivery: Atomic<UInt>
    private let madeText = AtomicLazyReference<CText>()
    private let madeError = AtomicLazyReference<ErrorObject>()

    /// The outcome of a publish.
    init(_ publish: EndedPublish) {
        type = SAMQP_EVENT_CONFIRM
        let ticket = publish.ticket
        tag = ticket.tag
        user = ticket.context
        source = .publish(publish)
        delivery = Atomic(0)
        if let attempts = publish.attemptsOfSuccess {
            status = SAMQP_OK
            int = Int32(clamping: attempts)
        } else {
            status = publish.outcome.failure.map { Failure($0).status } ?? SAMQP_ERR_INTERNAL
            int = 0
        }
    }

    init(_ delivery: DeliveryObject, user: UInt) {
        type = SAMQP_EVENT_DELIVERY
        tag = delivery.delivery.deliveryTag
        self.user = user
        status = SAMQP_OK
        int = 0
        source = .delivery
        self.delivery = Atomic(UInt(bitPattern: Unmanaged.passRetained(delivery).toOpaque()))
    }

    init(_ type: samqp_event_type, user: UInt, int: Int32 = 0, text: String = "", error: Failure? = nil) {
        self.type = type
        tag = 0
        self.user = user
        status = error?.status ?? SAMQP_OK
        self.int = int
        source = .words(text: text, error: error)
        delivery = Atomic(0)
    }

    var text: CText {
        if let text = madeText.load() { return text }
        let text: String
        switch source {
        case .publish(let publish): text = publish.outcome.messageID
        case .words(let words, _): text = words
        case .delivery: return CText.empty
        }
        return madeText.storeIfNil(CText(text))
    }

    var error: ErrorObject? {
        if let error = madeError.load() { return error }
        switch source {
        case .publish(let publish):
            return publish.outcome.failure.map { madeError.storeIfNil(ErrorObject(Failure($0))) }
        case .words(_, let failure?): return madeError.storeIfNil(ErrorObject(failure))
        case .words(_, nil), .delivery: return nil
        }
    }

    /// Takes the delivery out, once.
    func takeDelivery() -> DeliveryObject? {
        guard let pointer = UnsafeRawPointer(bitPattern: delivery.exchange(0, ordering: .acquiringAndReleasing)) else {
            return nil
        }
        return Unmanaged<DeliveryObject>.fromOpaque(pointer).takeRetainedValue()
    }

    deinit {
        // Nobody will settle it.
        if case .delivery = source { takeDelivery()?.giveBack() }
    }
}

extension Result<AMQPPublishReceipt, AMQPError> {
    fileprivate var failure: AMQPError? { if case .failure(let error) = self { error } else { nil } }

    fileprivate var messageID: String { if case .success(let receipt) = self { receipt.messageID ?? "" } else { "" } }
}
