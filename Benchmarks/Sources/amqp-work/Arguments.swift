/// The words of a command line, taken one by one.
struct Arguments {
    private var words: ArraySlice<String>

    init(_ words: ArraySlice<String>) { self.words = words }

    mutating func word() -> String? { words.popFirst() }

    mutating func text() throws -> String {
        guard let word = words.popFirst() else { throw WorkError.usage }
        return word
    }

    mutating func number(_ range: ClosedRange<Int>) throws -> Int {
        guard let word = words.popFirst(), let number = Int(word), range.contains(number) else {
            throw WorkError.usage
        }
        return number
    }
}

enum WorkError: Error, CustomStringConvertible {
    case usage
    /// A message is missing, or one too many: there is no figure then.
    case miscounted(String)
    case noBroker

    var description: String {
        switch self {
        case .usage: "wrong arguments"
        case .miscounted(let text): text
        case .noBroker: "neither --port nor AMQP_URL says where to connect to"
        }
    }
}
