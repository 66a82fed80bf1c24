import Glibc

/// What is published: one body some number of times, or the lines of standard input.
enum MessageSource {
    case copies(body: [UInt8], remaining: Int)
    case lines(LineReader)

    /// The next body; `nil` at the end, or when the end was asked for.
    mutating func next() async throws -> [UInt8]? {
        switch self {
        case .copies(let body, let remaining):
            guard remaining > 0, !Stop.isRequested else { return nil }
            self = .copies(body: body, remaining: remaining - 1)
            return body
        case .lines(var reader):
            // Taken out, so that its buffer has one owner.
            self = .copies(body: [], remaining: 0)
            let line = try await reader.next()
            self = .lines(reader)
            return line
        }
    }

    /// The content of a file.
    static func readFile(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count == 0 { return content }
            if count > 0 { content += buffer[..<count] } else if errno != EINTR { throw failure(path) }
        }
    }

    static func failure(_ name: String) -> Failure {
        Failure(text: "cannot read \(name): \(String(cString: strerror(errno)))")
    }
}

/// Standard input, line by line. A line ends with a line feed, which does not belong to it; the last one may go without.
struct LineReader {
    private var buffer: [UInt8] = []
    private var position = 0
    /// Up to here there is no line feed behind `position`.
    private var searched = 0
    private var isAtEnd = false

    private static let chunkSize = 1 << 16

    /// The next line; `nil` at the end, or when the end was asked for.
    mutating func next() async throws -> [UInt8]? {
        while !Stop.isRequested {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { (position, searched) = (end + 1, end + 1) }
                return Array(buffer[position..<end])
            }
            searched = buffer.count
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return Array(buffer[position...])
            }
            guard await Self.waitForInput() else { return nil }
            try fill()
        }
        return nil
    }

    /// - Returns: False if the end was asked for.
    private static func waitForInput() async -> Bool {
        if StandardStreams.waitUntilReadable(STDIN_FILENO, milliseconds: 0) { return true }
        return await DetachedThread.run { StandardStreams.waitUntilReadable(STDIN_FILENO, milliseconds: -1) }
    }

    private mutating func fill() throws {
        buffer.removeSubrange(..<position)
        searched -= position
        position = 0
        var failed = false
        let used = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.chunkSize))
        let count = buffer.withUnsafeMutableBytes { bytes in
            read(STDIN_FILENO, bytes.baseAddress.map { $0 + used }, Self.chunkSize)
        }
        if count < 0 && errno != EINTR && errno != EAGAIN { failed = true }
        buffer.removeLast(Self.chunkSize - max(0, count))
        isAtEnd = count == 0
        if failed { throw MessageSource.failure("standard input") }
    }
}
