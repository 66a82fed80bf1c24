internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_event` is, but for confirms; see ``EventHandle``.
final class EventObject: Sendable {
    let type: samqp_event_type
    let tag: UInt64
    /// The caller's pointer; this library does not look at it.
    let user: UInt
    let int: Int32
    let error: ErrorObject?
    /// `nil` for "".
    private let words: CText?
    /// A reference to a `DeliveryObject`, or 0.
    ///
    /// Invariant: it was retained when it was stored, and whoever exchanges it for 0 releases it.
    private let delivery: Atomic<UInt>

    init(_ delivery: DeliveryObject, user: UInt) {
        type = SAMQP_EVENT_DELIVERY
        tag = delivery.delivery.deliveryTag
        self.user = user
        int = 0
        error = nil
        words = nil
        self.delivery = Atomic(UInt(bitPattern: Unmanaged.passRetained(delivery).toOpaque()))
    }

    init(_ type: samqp_event_type, user: UInt, int: Int32 = 0, text: String = "", error: Failure? = nil) {
        self.type = type
        tag = 0
        self.user = user
        self.int = int
        self.error = error.map { ErrorObject($0) }
        words = text.isEmpty ? nil : CText(text)
        delivery = Atomic(0)
    }

    var status: samqp_status { error?.status ?? SAMQP_OK }

    var text: CText { words ?? CText.empty }

    /// Takes the delivery out, once.
    func takeDelivery() -> DeliveryObject? {
        guard let pointer = UnsafeRawPointer(bitPattern: delivery.exchange(0, ordering: .acquiringAndReleasing)) else {
            return nil
        }
        return Unmanaged<DeliveryObject>.fromOpaque(pointer).takeRetainedValue()
    }

    deinit {
        // Nobody will settle it.
        takeDelivery()?.giveBack()
    }
}
