import AMQPWire

/// Runs `body` on a heap block of exactly these bytes, so that the address sanitizer sees a read past the end.
func withExactBytes<Result>(_ bytes: some Sequence<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
{
    let copy = Array(bytes)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: copy.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: copy)
    return try body(UnsafeRawBufferPointer(memory))
}

/// The error that `body` throws, `nil` when it throws none.
func wireError(_ body: () throws -> Void) -> WireError? {
    do { try body() } catch { return error as? WireError }
    return nil
}

extension AMQPMethod {
    /// The payload of the method's frame.
    func payload(maxFrameSize: Int = 131_072) throws -> [UInt8] {
        Array(try FrameEncoder.frame(self, channel: 1, maxFrameSize: maxFrameSize).dropFirst(7).dropLast())
    }
}

func decode(_ payload: [UInt8], from peer: Peer = .either) throws -> AMQPMethod {
    try withExactBytes(payload) { try WireDecoder().decodeMethod($0, from: peer) }
}

/// A content header's payload: class, weight, body size, and what comes after.
func contentHeader(bodySize: UInt64 = 5, classID: UInt16 = 60, _ flagsAndProperties: [UInt8]) -> [UInt8] {
    bigEndian(classID) + [0, 0] + bigEndian(bodySize) + flagsAndProperties
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// A message as `encodePublishPrefix` writes it, taken apart again.
struct EncodedPublish {
    var bytes: [UInt8]
    var properties: [UInt8]
    var method: AMQPMethod
    var header: AMQPProperties
    var bodySize: UInt64
}

func publish(
    exchange: String = "e", routingKey: String = "k", mandatory: Bool = false, immediate: Bool = false,
    _ properties: AMQPProperties = AMQPProperties(), bodySize: Int = 5, maxFrameSize: Int = 131_072,
    bufferSize: Int? = nil
) throws -> EncodedPublish {
    let bound = FrameEncoder.publishPrefixBound(exchange: exchange, routingKey: routingKey, properties: properties)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize ?? bound, alignment: 1)
    defer { memory.deallocate() }
    let prefix = try FrameEncoder.encodePublishPrefix(
        channel: 7, exchange: exchange, routingKey: routingKey, mandatory: mandatory, immediate: immediate,
        properties: properties, bodySize: bodySize, maxFrameSize: maxFrameSize, into: memory)
    let bytes = Array(memory[..<prefix.byteCount])
    return try withExactBytes(bytes) { bytes in
        let splitter = FrameSplitter(maxFrameSize: maxFrameSize, channelMax: 7)
        let decoder = WireDecoder()
        guard let method = try splitter.next(in: bytes),
            let header = try splitter.next(in: UnsafeRawBufferPointer(rebasing: bytes[method.totalSize...]))
        else { throw WireError(.syntaxError, "the frames are not complete") }
        let content = try decoder.decodeContentHeader(header.payload)
        return EncodedPublish(
            bytes: Array(bytes), properties: Array(bytes[prefix.propertiesRange]),
            method: try decoder.decodeMethod(method.payload, from: .client), header: content.properties,
            bodySize: content.bodySize)
    }
}
