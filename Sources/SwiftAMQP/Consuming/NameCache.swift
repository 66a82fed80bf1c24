internal import Glibc

/// The last name of a kind that was seen, so that a stream of deliveries with one exchange and one routing key makes no
/// new string for each.
struct NameCache {
    private var bytes: [UInt8] = []
    /// The name that was last looked up.
    private(set) var string = ""

    @inline(__always)
    mutating func look(up raw: UnsafeRawBufferPointer) {
        guard !bytes.hasSameBytes(as: raw) else { return }
        bytes = Array(raw)
        string = String(decoding: raw, as: UTF8.self)
    }
}

extension [UInt8] {
    @inline(__always)
    func hasSameBytes(as text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        let isSame = text.utf8.withContiguousStorageIfAvailable { hasSameBytes(as: UnsafeRawBufferPointer($0)) }
        return isSame ?? elementsEqual(text.utf8)
    }

    @inline(__always)
    func hasSameBytes(as raw: UnsafeRawBufferPointer) -> Bool {
        guard count == raw.count else { return false }
        guard let other = raw.baseAddress else { return true }
        return withUnsafeBytes { own in own.baseAddress.map { memcmp($0, other, raw.count) == 0 } ?? true }
    }
}
