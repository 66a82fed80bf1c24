/// The type octet of a frame (AMQP 0-9-1, section 4.2.3).
package enum FrameType: UInt8, Sendable {
    case method = 1
    case header = 2
    case body = 3
    case heartbeat = 8
}

/// A body frame whose end has not come. It points into received bytes and must not outlive them.
package struct UnfinishedBody {
    package let channel: UInt16
    /// How large the payload will be.
    package let size: Int
    /// What has come of it.
    package let payload: UnsafeRawBufferPointer
}

/// One frame within received bytes. It points into them and must not outlive them.
package struct Frame {
    package let type: FrameType
    package let channel: UInt16
    package let payload: UnsafeRawBufferPointer
    /// How many bytes the frame takes with its header and end octet: where the next one begins.
    package let totalSize: Int

    @inlinable package init(type: FrameType, channel: UInt16, payload: UnsafeRawBufferPointer, totalSize: Int) {
        self.type = type
        self.channel = channel
        self.payload = payload
        self.totalSize = totalSize
    }
}
