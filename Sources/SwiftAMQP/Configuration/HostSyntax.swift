/// What a host may look like, in a URI and in a configuration alike.
enum HostSyntax {
    static let longest = 255
    static let advice =
        "write a DNS name (letters, digits, - . _), an IPv4 address or an IPv6 address, at most 255 bytes"

    /// Whether `host` is a name, an IPv4 address, or an IPv6 address without brackets.
    static func isHost(_ host: String) -> Bool { isName(host) || isIPv6(host) }

    /// Whether `host` can be a DNS name or an IPv4 address. Which of the two, and whether it exists, the resolver says.
    static func isName(_ host: String) -> Bool {
        !host.isEmpty && host.utf8.count <= longest && host.utf8.allSatisfy(ASCII.isUnreserved)
    }

    /// Whether `host` is an IPv6 address (RFC 4291, section 2.2), with or without a zone after `%` (RFC 6874).
    static func isIPv6(_ host: String) -> Bool {
        guard host.utf8.count <= longest else { return false }
        let bytes = Array(host.utf8)[...]
        guard let percent = bytes.firstIndex(of: ASCII.percent) else { return isIPv6Address(bytes) }
        let zone = bytes[percent...].dropFirst()
        return !zone.isEmpty && zone.allSatisfy(ASCII.isUnreserved) && isIPv6Address(bytes[..<percent])
    }

    private static func isIPv6Address(_ bytes: ArraySlice<UInt8>) -> Bool {
        // A gap, "::", stands for one group or more. There may be one; a second is an empty group of the tail.
        let pairs = zip(bytes.indices, zip(bytes, bytes.dropFirst()))
        guard let (gap, _) = pairs.first(where: { $1 == (ASCII.colon, ASCII.colon) }) else {
            return groups(in: bytes, mayEndInIPv4: true) == 8
        }
        guard let head = groups(in: bytes[..<gap], mayEndInIPv4: false),
            let tail = groups(in: bytes[gap...].dropFirst(2), mayEndInIPv4: true)
        else { return false }
        return head &+ tail <= 7
    }

    /// How many 16-bit groups `bytes` stand for; `nil` if they are none.
    private static func groups(in bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> Int? {
        if bytes.isEmpty { return 0 }
        var parts = bytes.split(separator: ASCII.colon, omittingEmptySubsequences: false)
        var count = 0
        if mayEndInIPv4, let last = parts.last, isIPv4(last) {
            parts.removeLast()
            count = 2
        }
        for part in parts {
            guard 1...4 ~= part.count, part.allSatisfy({ ASCII.hexValue($0) != nil }) else { return nil }
        }
        return count &+ parts.count
    }

    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard part.count <= 3, let value = ASCII.decimal(part) else { return false }
                return value <= 255 && (part.count == 1 || part.first != UInt8(ascii: "0"))
            }
    }
}
