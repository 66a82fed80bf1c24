/// The character classes of RFC 3986, appendix A, over bytes.
enum ASCII {
    static let hash = UInt8(ascii: "#")
    static let percent = UInt8(ascii: "%")
    static let ampersand = UInt8(ascii: "&")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let equals = UInt8(ascii: "=")
    static let questionMark = UInt8(ascii: "?")
    static let at = UInt8(ascii: "@")
    static let dot = UInt8(ascii: ".")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")

    static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), dot, UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: isDigit(byte) || isLetter(byte)
        }
    }

    /// Whether a byte may stand in a URI at all: unreserved, a delimiter, or the start of an escape.
    static func isURICharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case colon, slash, questionMark, hash, openBracket, closeBracket, at, percent: true
        case UInt8(ascii: "!"), UInt8(ascii: "$"), ampersand, UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), equals:
            true
        default: isUnreserved(byte)
        }
    }

    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    /// The upper-case digit of the low four bits.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        let low = value & 15
        return low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "A") &+ (low &- 10)
    }

    /// The number that decimal digits stand for; `nil` if there are none, something else is there, or it is too large.
    static func decimal(_ digits: some Sequence<UInt8>) -> UInt32? {
        var value: UInt32?
        for digit in digits {
            guard isDigit(digit) else { return nil }
            let (tens, tooLarge) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(UInt32(digit &- UInt8(ascii: "0")))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }
}
