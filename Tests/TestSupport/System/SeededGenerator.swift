/// SplitMix64: the same numbers for the same seed, on every machine.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A text of up to `limit` scalars: ASCII for the most part, delimiters, and anything else that Unicode has.
    package mutating func text(upTo limit: Int) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...limit, using: &self) {
            let value =
                Bool.random(using: &self)
                ? UInt32.random(in: 0...0x7F, using: &self) : UInt32.random(in: 0...0x10FFFF, using: &self)
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    package mutating func maybe<Value>(_ value: (inout SeededGenerator) -> Value) -> Value? {
        Bool.random(using: &self) ? value(&self) : nil
    }
}
