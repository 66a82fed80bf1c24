/// One thing that is fuzzed: bytes in, an error where something that must hold does not.
///
/// libFuzzer calls it with what it makes up (`Entry/`), and the tests with the inputs of the corpus (`Replay/`).
struct FuzzTarget: Sendable {
    /// Also the name of its folder in `Corpus/`.
    let name: String
    /// The longest input that is worth trying, in bytes.
    let maxLength: Int
    /// `Finding` where an invariant is broken. The bytes are a heap block of their own, so that the address sanitizer
    /// sees a read past the end.
    let run: @Sendable (UnsafeRawBufferPointer) throws -> Void
    /// Inputs to begin with, made from valid traffic; `scripts/fuzz --seeds` writes them into the corpus.
    let seeds: @Sendable () throws -> [[UInt8]]

    static let all: [FuzzTarget] = [
        .frames, .methods, .tables, .headers, .handshake, .content, .connection, .uri, .confirms, .settles, .requests,
    ]
}

/// What a target found.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// An invariant of a target or a model.
@inline(__always)
func hold(_ condition: Bool, _ text: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(text()) }
}

/// Runs `body` on a heap block of exactly these bytes.
func withExactBytes<Result, Failure: Error>(
    _ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(memory))
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
