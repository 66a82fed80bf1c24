internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_event` is, but for confirms; see ``EventHandle``. Its text and error are made when they are asked for.
final class EventObject: Sendable {
    /// Where text and error come from.
    private enum Source: Sendable {
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
    private let madeText = LazyReference<CText>()
    private let madeError = LazyReference<ErrorObject>()

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
        case .words(let words, _): text = words
        case .delivery: return CText.empty
        }
        return madeText.storeIfNil(CText(text))
    }

    var error: ErrorObject? {
        if let error = madeError.load() { return error }
        switch source {
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
