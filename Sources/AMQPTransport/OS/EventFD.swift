internal import CPlatform

/// A flag with a descriptor (eventfd(2)): readable from the first ``signal()`` until the next ``drain()``.
/// Any thread may call anything.
package struct EventFD: ~Copyable, Sendable {
    /// To be watched for reading; owned by this value.
    package let descriptor: Int32

    package init() throws(SystemError) {
        descriptor = try SystemError.check(cplatform_eventfd(), "eventfd")
    }

    deinit { _ = cplatform_close(descriptor) }

    /// Makes it readable. It cannot fail while this value exists: a full counter is a signal that stands.
    package borrowing func signal() { _ = cplatform_eventfd_signal(descriptor) }

    /// Makes it unreadable; says whether it was signalled.
    @discardableResult
    package borrowing func drain() -> Bool { cplatform_eventfd_drain(descriptor) > 0 }
}
