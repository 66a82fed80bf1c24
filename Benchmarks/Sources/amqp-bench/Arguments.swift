/// The words of a command line, taken one by one.
struct Arguments {
    private var words: ArraySlice<String>

    init(_ words: ArraySlice<String>) { self.words = words }

    mutating func word() -> String? { words.popFirst() }

    mutating func number(_ range: ClosedRange<Int>) throws -> Int {
        guard let word = words.popFirst(), let number = Int(word), range.contains(number) else {
            throw BenchError.usage
        }
        return number
    }
}

enum BenchError: Error, CustomStringConvertible {
    case usage
    /// A message is missing, or one too many: there is no figure then.
    case miscounted(String)
    case child(String)

    var description: String {
        switch self {
        case .usage: "wrong arguments"
        case .miscounted(let text), .child(let text): text
        }
    }
}
