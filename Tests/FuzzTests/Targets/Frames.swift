@testable import AMQPWire

extension FuzzTarget {
    /// The frame splitter: the same frames whatever pieces the bytes come in, and those that a second, simpler reading
    /// of the specification finds.
    static let frames = FuzzTarget(
        name: "frames", maxLength: 4096,
        run: { input in
            var choices = ByteChoices(input)
            let splitter = FrameSplitter(
                maxFrameSize: choices.pick([64, 4096, 131_072, .max, 0]),
                channelMax: choices.pick([0, 1, 255, .max]))
            let pieces = Pieces(choices.below(256))
            let stream = choices.rest

            let expected = SplitResult(readingPlainly: stream, splitter)
            let whole = try SplitResult(splitter, stream, pieces: Pieces(0))
            try hold(whole == expected, "the splitter reads \(whole), and by the book it is \(expected)")
            let chopped = try SplitResult(splitter, stream, pieces: pieces)
            try hold(chopped == expected, "in pieces it reads \(chopped), and at once \(expected)")
        },
        seeds: {
            let traffic = try Seeds.traffic()
            return traffic.flatMap { stream in [[1, 3, 0] + stream, [2, 1, 1] + stream, [0, 3, 7] + stream] }
        })
}

/// The sizes of the pieces that bytes arrive in; the same for the same number. 0 is all at once.
struct Pieces {
    private var state: Int

    init(_ number: Int) { state = number }

    mutating func next() -> Int {
        if state == 0 { return .max }
        if state == 1 { return 1 }
        state = (state &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF | 2
        return 1 + (state >> 8) % 40
    }
}

/// What a stream of bytes was taken apart into.
private struct SplitResult: Equatable, CustomStringConvertible {
    struct Found: Equatable {
        var type: UInt8
        var channel: UInt16
        var offset: Int
        var size: Int
    }

    var frames: [Found] = []
    var error: WireError.Kind?

    var description: String { "\(frames.map { "\($0.type)/\($0.channel) \($0.offset)+\($0.size)" }), \(error as Any)" }

    init(readingPlainly bytes: UnsafeRawBufferPointer, _ limits: FrameSplitter) {
        error = readPlainly(bytes, limits)
    }

    /// The rules of AMQP 0-9-1, section 4.2.3, one after the other.
    private mutating func readPlainly(
        _ bytes: UnsafeRawBufferPointer, _ limits: FrameSplitter
    ) -> WireError.Kind? {
        var offset = 0
        while offset < bytes.count {
            let left = bytes[offset...]
            guard [1, 2, 3, 8].contains(left[offset]) else { return .frameError }
            guard left.count >= 7 else { return nil }
            let number = left.dropFirst(1).prefix(6).map { UInt64($0) }
            let channel = UInt16(number[0] << 8 | number[1])
            let size = number[2] << 24 | number[3] << 16 | number[4] << 8 | number[5]
            let limit = limits.maxFrameSize == .max ? UInt64.max : UInt64(max(limits.maxFrameSize, 8))
            if size + 8 > limit { return .frameError }
            if channel > limits.channelMax { return .channelError }
            if left[offset] == 8, channel != 0 || size != 0 { return .frameError }
            guard UInt64(left.count) >= size + 8 else { return nil }
            guard left[offset + 7 + Int(size)] == 206 else { return .frameError }
            frames.append(Found(type: left[offset], channel: channel, offset: offset + 7, size: Int(size)))
            offset += Int(size) + 8
        }
        return nil
    }

    /// As a connection reads: what is left of the last read, and the next piece behind it.
    init(_ splitter: FrameSplitter, _ stream: UnsafeRawBufferPointer, pieces: Pieces) throws {
        var pieces = pieces
        var start = 0
        var end = 0
        while end < stream.count, error == nil {
            end += min(pieces.next(), stream.count - end)
            try withExactBytes(stream[start..<end]) { bytes in
                var offset = 0
                do throws(WireError) {
                    while let frame = try splitter.next(in: UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
                        frames.append(
                            Found(
                                type: frame.type.rawValue, channel: frame.channel, offset: start + offset + 7,
                                size: frame.payload.count))
                        offset += frame.totalSize
                    }
                } catch {
                    self.error = error.kind
                }
                start += offset
                try hold(
                    error != nil || end - start < max(splitter.maxFrameSize, 8), "more than a frame waits for more")
            }
        }
    }
}
