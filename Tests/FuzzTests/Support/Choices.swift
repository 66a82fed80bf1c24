/// Where the steps of a random sequence come from: from a fuzzer's bytes, or from a seeded generator.
protocol Choices {
    /// A number from 0 up to, and without, `bound`, which is 1 or more.
    mutating func below(_ bound: Int) -> Int
    /// Whether there is nothing more to choose from.
    var isAtEnd: Bool { get }
}

extension Choices {
    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    mutating func oneIn(_ bound: Int) -> Bool { below(bound) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// Reads the bytes of an input, few for each choice, so that a small change of the input is a small change of the
/// sequence. Behind the end every choice is 0.
struct ByteChoices: Choices {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }
    /// What was not read yet.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[min(position, bytes.count)...]) }

    mutating func below(_ bound: Int) -> Int {
        var value = 0
        var reach = 1
        while reach < bound {
            value = value << 8 | Int(next())
            reach <<= 8
        }
        return value % bound
    }

    private mutating func next() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }
}

/// SplitMix64: the same choices for the same seed, on every machine, without an end.
struct SeededChoices: Choices {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    var isAtEnd: Bool { false }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        return Int(value.multipliedFullWidth(by: UInt64(bound)).high)
    }
}
