internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// The handle of an event: a reference to an ``EventObject``, or with the lowest bit set one to the publish that has ended, which
/// was there already. So taking a confirm allocates nothing and counts nothing.
///
/// Invariant: as of ``Handle``; objects lie at multiples of 16, so that the bit is free.
enum EventHandle {
    private static let confirm: UInt = 1

    /// A handle to which the reference of `publish` goes.
    @inline(__always)
    static func make(_ publish: EndedPublish) -> OpaquePointer? {
        OpaquePointer(bitPattern: UInt(bitPattern: publish.pointer) | confirm)
    }

    /// What a handle stands for.
    enum Target {
        case object(EventObject)
        case publish(EndedPublish)
    }

    @inline(__always)
    static func publish(_ handle: OpaquePointer?) -> EndedPublish? {
        let bits = UInt(bitPattern: handle)
        guard bits & confirm != 0, let pointer = UnsafeRawPointer(bitPattern: bits & ~confirm) else { return nil }
        return EndedPublish(pointer)
    }

    @inline(__always)
    static func target(_ handle: OpaquePointer?) -> Target? {
        if let publish = publish(handle) { return .publish(publish) }
        return Handle.get(handle, as: EventObject.self).map { .object($0) }
    }

    static func free(_ handle: OpaquePointer?) {
        guard let publish = publish(handle) else { return Handle.free(handle, as: EventObject.self) }
        if !Fork.isChild { publish.letGo() }
    }
}

/// What the functions of `samqp_event` say of the outcome of a publish.
extension EndedPublish {
    var status: samqp_status {
        if attemptsOfSuccess != nil { return SAMQP_OK }
        return failure.map { Failure($0).status } ?? SAMQP_ERR_INTERNAL
    }

    fileprivate var failure: AMQPError? { if case .failure(let error) = outcome { error } else { nil } }

    /// Text and error, made when one of them is asked for: most confirms are asked for neither.
    var words: Words { unsafeDowncast(attachment { Words(self) }, to: Words.self) }

    final class Words: Sendable {
        let text: CText
        let error: ErrorObject?

        init(_ publish: EndedPublish) {
            text = publish.messageID.map { CText($0) } ?? CText.empty
            error = publish.failure.map { ErrorObject(Failure($0)) }
        }
    }
}
