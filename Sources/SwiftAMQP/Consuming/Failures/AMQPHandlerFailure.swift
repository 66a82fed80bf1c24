/// Why a handler did not handle a delivery, in words.
public struct AMQPHandlerFailure: Error, Sendable, Hashable {
    /// What kind of error it was: its type, for example `DecodingError`; of an ``AMQPError`` the code.
    public let kind: String
    /// The error's own words, in one line, at most ``maximumTextSize`` bytes. They are the program's and may hold anything.
    public let text: String

    /// How long ``text`` is at most, in bytes of UTF-8.
    public static let maximumTextSize = 512

    /// The handler threw.
    public init(_ error: any Error) {
        if let error = error as? AMQPError {
            kind = "AMQPError.\(error.code)"
        } else {
            kind = String(describing: type(of: error)).singleLine(maximumSize: 128)
        }
        text = String(describing: error).singleLine(maximumSize: Self.maximumTextSize)
    }

    /// - Parameters:
    ///   - kind: What kind of failure it was.
    ///   - text: More about it.
    init(kind: String, text: String) {
        self.kind = kind
        self.text = text
    }

    /// The handler returned ``AMQPSettlement/retry``.
    static let askedToRetry = AMQPHandlerFailure(kind: "retry", text: "the handler asked for another attempt")

    /// What a copy of the message says.
    func header(_ detail: AMQPRetryQueues.ErrorDetail) -> String? {
        switch detail {
        case .none: nil
        case .kind: kind
        case .text: description.singleLine(maximumSize: 255)
        }
    }
}

extension AMQPHandlerFailure: CustomStringConvertible {
    public var description: String { "\(kind): \(text)" }
}

extension String {
    /// This text without control characters, cut to so many bytes of UTF-8 between two characters.
    func singleLine(maximumSize: Int) -> String {
        var line = ""
        var size = 0
        for character in self {
            // A line feed or a NUL in a header or a log line is somebody else's line.
            let isControl = character.unicodeScalars.contains { $0.value < 0x20 || 0x7F...0x9F ~= $0.value }
            let kept = isControl ? " " : character
            size += kept.utf8.count
            if size > maximumSize { break }
            line.append(kept)
        }
        return line
    }
}
