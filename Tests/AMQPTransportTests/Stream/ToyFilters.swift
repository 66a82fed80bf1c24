import AMQPTransport

/// Changes every byte, and no more.
final class MaskFilter: ByteFilter {
    private let mask: UInt8

    init(_ mask: UInt8) { self.mask = mask }

    func start(wire: inout [UInt8]) {}

    func encode(_ plain: UnsafeRawBufferPointer, wire: inout [UInt8]) throws(ByteFilterError) -> Int {
        wire += plain.map { $0 ^ mask }
        return plain.count
    }

    func decode(
        _ bytes: UnsafeRawBufferPointer, plain: inout [UInt8], wire: inout [UInt8]
    ) throws(ByteFilterError) -> Int {
        plain += bytes.map { $0 ^ mask }
        return bytes.count
    }
}

/// What TLS looks like from outside: says hello first, takes no plain byte before the peer's hello has come, answers
/// that one, and cuts the bytes into records: a length, then as many masked bytes. A record of length 0 is an error.
///
/// - Invariant: called on the loop's thread only.
final class RecordFilter: ByteFilter, @unchecked Sendable {
    static let hello: [UInt8] = Array("hello".utf8)
    static let finished: [UInt8] = Array("finished".utf8)
    static let recordSize = 100

    private var isReady = false
    private var collected: [UInt8] = []

    func start(wire: inout [UInt8]) { wire += Self.hello }

    func encode(_ plain: UnsafeRawBufferPointer, wire: inout [UInt8]) throws(ByteFilterError) -> Int {
        guard isReady else { return 0 }
        let part = plain.prefix(Self.recordSize)
        guard part.first != 0xEE else { throw ByteFilterError(text: "cannot encode") }
        wire.append(UInt8(part.count))
        wire += part.map { $0 ^ 0xFF }
        return part.count
    }

    func decode(
        _ bytes: UnsafeRawBufferPointer, plain: inout [UInt8], wire: inout [UInt8]
    ) throws(ByteFilterError) -> Int {
        collected += bytes
        if !isReady {
            guard collected.count >= Self.hello.count else { return bytes.count }
            collected.removeFirst(Self.hello.count)
            isReady = true
            wire += Self.finished
        }
        while let size = collected.first.map(Int.init), collected.count > size {
            guard size > 0 else { throw ByteFilterError(text: "an empty record") }
            plain += collected[1...size].map { $0 ^ 0xFF }
            collected.removeFirst(size + 1)
        }
        return bytes.count
    }

    static func record(_ plain: [UInt8]) -> [UInt8] { [UInt8(plain.count)] + plain.map { $0 ^ 0xFF } }
}
