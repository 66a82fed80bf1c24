import Glibc

/// Keeps passwords of URLs out of what others can see.
enum Secrets {
    /// A text with the passwords of the AMQP URLs in it blanked: everything between the user's colon and the last `@`
    /// of the word.
    static func redact(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for range in passwords(in: bytes, isSeparator: { $0 <= 0x20 || $0 == UInt8(ascii: "'") }).reversed() {
            bytes.replaceSubrange(range, with: "***".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Overwrites the passwords in this process's own command line, which `ps` shows to everybody.
    ///
    /// The kernel reads it from the memory of the process; where that memory is, it says in `/proc/self/stat`
    /// (proc(5), fields 48 and 49). The arguments that the runtime copied are not touched.
    static func hideCommandLine() {
        guard let (start, end) = commandLineRange(), end > start,
            let pointer = UnsafeMutableRawPointer(bitPattern: start)
        else { return }
        let memory = UnsafeMutableRawBufferPointer(start: pointer, count: Int(end - start))
        for range in passwords(in: Array(memory), isSeparator: { $0 == 0 }) {
            for index in range { memory[index] = UInt8(ascii: "*") }
        }
    }

    /// Where passwords stand: in each word that holds `amqp:` or `amqps:`, from the second colon to the last `@`.
    private static func passwords(in bytes: [UInt8], isSeparator: (UInt8) -> Bool) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(where: isSeparator) ?? bytes.count
            if let scheme = schemeEnd(in: bytes[start..<end]),
                let at = bytes[scheme..<end].lastIndex(of: UInt8(ascii: "@")),
                let colon = bytes[scheme..<at].firstIndex(of: UInt8(ascii: ":"))
            {
                found.append(colon + 1..<at)
            }
            start = end + 1
        }
        return found
    }

    /// The position behind `amqp:` or `amqps:`, in any case of letters.
    private static func schemeEnd(in word: ArraySlice<UInt8>) -> Int? {
        let lowercased = word.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        for scheme in ["amqp:", "amqps:"].map({ Array($0.utf8) }) where lowercased.count >= scheme.count {
            for offset in 0...(lowercased.count - scheme.count)
            where lowercased[offset..<offset + scheme.count].elementsEqual(scheme) {
                return word.startIndex + offset + scheme.count
            }
        }
        return nil
    }

    private static func commandLineRange() -> (start: UInt, end: UInt)? {
        let file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        // Field 2 is the name in parentheses, which may hold anything; the others are numbers.
        guard let parenthesis = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = buffer[(parenthesis + 1)..<count].split(separator: 0x20)
        // The first of these is field 3.
        guard fields.count > 46, let start = UInt(String(decoding: fields[45], as: UTF8.self)),
            let end = UInt(String(decoding: fields[46], as: UTF8.self))
        else { return nil }
        return (start, end)
    }
}
