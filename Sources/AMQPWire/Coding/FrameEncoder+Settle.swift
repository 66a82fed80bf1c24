internal import CRabbitMQ

extension FrameEncoder {
    /// The size of the frame of an ack, a nack or a reject, in bytes.
    package static let settleFrameSize = 21

    /// Writes the frame of `basic.ack`.
    ///
    /// - Returns: ``settleFrameSize``.
    /// - Throws: when the buffer is shorter than that.
    package static func encodeAck(
        channel: UInt16, deliveryTag: UInt64, multiple: Bool, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> Int {
        var raw = amqp_basic_ack_t(delivery_tag: deliveryTag, multiple: multiple ? 1 : 0)
        return try encodeSettle(&raw, .basicAck, channel, into: buffer)
    }

    /// Makes another ack of the frame that ``encodeAck(channel:deliveryTag:multiple:into:)`` has written.
    package static func rewriteAck(
        _ frame: UnsafeMutableRawBufferPointer, deliveryTag: UInt64, multiple: Bool
    ) {
        guard frame.count == settleFrameSize, let base = frame.baseAddress else { return }
        base.storeBytes(of: deliveryTag.bigEndian, toByteOffset: 11, as: UInt64.self)
        base.storeBytes(of: multiple ? 1 : 0, toByteOffset: 19, as: UInt8.self)
    }

    /// Writes the frame of `basic.nack`.
    ///
    /// - Returns: ``settleFrameSize``.
    /// - Throws: when the buffer is shorter than that.
    package static func encodeNack(
        channel: UInt16, deliveryTag: UInt64, multiple: Bool, requeue: Bool,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> Int {
        var raw = amqp_basic_nack_t(
            delivery_tag: deliveryTag, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0)
        return try encodeSettle(&raw, .basicNack, channel, into: buffer)
    }

    /// Writes the frame of `basic.reject`.
    ///
    /// - Returns: ``settleFrameSize``.
    /// - Throws: when the buffer is shorter than that.
    package static func encodeReject(
        channel: UInt16, deliveryTag: UInt64, requeue: Bool, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> Int {
        var raw = amqp_basic_reject_t(delivery_tag: deliveryTag, requeue: requeue ? 1 : 0)
        return try encodeSettle(&raw, .basicReject, channel, into: buffer)
    }

    /// `raw` must be the struct of `id`: only the three functions above call this.
    @inline(__always)
    private static func encodeSettle(
        _ raw: UnsafeMutableRawPointer, _ id: AMQPMethodID, _ channel: UInt16,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> Int {
        guard let base = buffer.baseAddress, buffer.count >= settleFrameSize else {
            throw bufferTooSmall(settleFrameSize, buffer.count)
        }
        let status = amqp_encode_method(id.rawValue, raw, amqp_bytes_t(len: 9, bytes: base + 11))
        guard status == 9 else { throw WireError(.invalidArgument, "rabbitmq-c could not encode \(id.name)") }
        writeHeader(.method, channel, 13, to: base)
        base.storeBytes(of: id.rawValue.bigEndian, toByteOffset: 7, as: UInt32.self)
        base.storeBytes(of: frameEnd, toByteOffset: 20, as: UInt8.self)
        return settleFrameSize
    }
}
