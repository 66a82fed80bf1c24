/// How a body is shown on one line of text.
///
/// Line ends, other control characters, backslashes and bytes that are not UTF-8 are escaped (`\n`, `\r`, `\t`, `\\`,
/// `\x1b`), so that a line is a message, nothing is lost, and no message steers the terminal.
enum TextOutput {
    /// Appends a body and a line end.
    static func append(_ body: [UInt8], to output: inout [UInt8]) {
        // What most bodies are needs no look at its characters.
        if body.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != backslash }) {
            output.append(contentsOf: body)
        } else {
            appendEscaped(body, to: &output)
        }
        output.append(UInt8(ascii: "\n"))
    }

    private static let backslash = UInt8(ascii: "\\")

    private static func appendEscaped(_ body: [UInt8], to output: inout [UInt8]) {
        var position = 0
        while position < body.count {
            let byte = body[position]
            if byte >= 0x80, let length = validLength(body, at: position) {
                output.append(contentsOf: body[position..<position + length])
                position += length
                continue
            }
            switch byte {
            case backslash: output.append(contentsOf: [backslash, backslash])
            case UInt8(ascii: "\n"): output.append(contentsOf: [backslash, UInt8(ascii: "n")])
            case UInt8(ascii: "\r"): output.append(contentsOf: [backslash, UInt8(ascii: "r")])
            case UInt8(ascii: "\t"): output.append(contentsOf: [backslash, UInt8(ascii: "t")])
            case 0x20..<0x7F: output.append(byte)
            default:
                output.append(contentsOf: [backslash, UInt8(ascii: "x")])
                output.append(contentsOf: Hex.digits(byte))
            }
            position += 1
        }
    }

    /// How many bytes the character of more than one byte at `position` has; `nil` if it is not UTF-8, or a control
    /// character.
    private static func validLength(_ body: [UInt8], at position: Int) -> Int? {
        var decoder = UTF8()
        var bytes = body[position..<min(position + 4, body.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&bytes), scalar.value > 0x9F else { return nil }
        return UTF8.width(scalar)
    }
}
