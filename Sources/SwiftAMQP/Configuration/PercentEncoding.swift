/// Percent escapes (RFC 3986, section 2.1).
enum PercentEncoding {
    /// `text` with every byte escaped that is not an unreserved character, so that it can stand in any part of a URI.
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if ASCII.isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [ASCII.percent, ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte & 15)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text that a part of a URI stands for.
    ///
    /// - Parameters:
    ///   - part: A slice of the bytes of the whole URI: its indices are the positions that errors tell.
    ///   - field: What the errors call the part.
    static func decode(_ part: ArraySlice<UInt8>, field: String) throws(AMQPError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var rest = part
        while let byte = rest.popFirst() {
            // Counted from one: the byte that was just taken.
            let position = rest.startIndex
            switch byte {
            case ASCII.percent:
                guard let high = rest.popFirst().flatMap(ASCII.hexValue),
                    let low = rest.popFirst().flatMap(ASCII.hexValue)
                else {
                    throw .uri(
                        field, "the escape at byte \(position) is not a % and two hexadecimal digits",
                        "write %25 for a percent sign")
                }
                bytes.append(high << 4 | low)
            case ASCII.openBracket, ASCII.closeBracket:
                throw .uri(
                    field, "there is a square bracket at byte \(position)", "write %5B and %5D; only IPv6 has brackets")
            default:
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .uri(
                field, "its escapes are not valid UTF-8", "escape the bytes of its UTF-8 form, like %C3%BC for ü")
        }
        return text
    }
}
