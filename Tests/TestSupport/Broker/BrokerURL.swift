/// The parts of an AMQP URL, as far as tests need to exchange them. Not the library's parser, on purpose.
struct BrokerURL: Sendable, CustomStringConvertible {
    var scheme = "amqp"
    /// As they stand in the URL, that is percent-encoded.
    var user: String?
    var password: String?
    var host: String
    var port: UInt16?
    var path: String?
    var query: String?

    init(host: String, port: UInt16) {
        user = "guest"
        password = "guest"
        self.host = host
        self.port = port
        path = "%2F"
    }

    /// Takes apart what `AMQP_URL` holds. What it does not understand stays in `host`, for the library to refuse.
    init(parsing text: String) {
        var rest = Substring(text)
        if let (scheme, after) = Self.split(rest, at: "://") {
            self.scheme = String(scheme)
            rest = after
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let slash = rest.firstIndex(of: "/") {
            path = String(rest[rest.index(after: slash)...])
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = String(credentials[0])
            password = credentials.count > 1 ? String(credentials[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        // The colons of an IPv6 literal stand inside its brackets.
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            port = UInt16(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        host = String(rest)
    }

    var description: String {
        var text = scheme + "://"
        if let user { text += user + (password.map { ":" + $0 } ?? "") + "@" }
        text += host
        if let port { text += ":\(port)" }
        if let path { text += "/" + path }
        if let query { text += "?" + query }
        return text
    }

    static func percentEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return result
    }

    private static func split(_ text: Substring, at mark: String) -> (Substring, Substring)? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(mark) {
                return (text[..<start], text[text.index(start, offsetBy: mark.count)...])
            }
            start = text.index(after: start)
        }
        return nil
    }
}
