import TestSupport
import Testing

@testable import AMQPTransport

/// What is put in comes out, in order, wherever the kernel stops.
@Suite struct OutboxBufferTests {
    private static func bytes(_ count: Int, from first: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: first &+ $0 &* 7) }
    }

    /// Frames as a publish makes them: small pieces, and parts of two bodies between them.
    private static func fill(_ buffer: inout OutboxBuffer, frames: Int) -> [UInt8] {
        var expected: [UInt8] = []
        let bodies = [bytes(frames * 11, from: 3), bytes(frames * 5, from: 99)]
        for frame in 0..<frames {
            let head = bytes(frame % 4, from: frame)
            _ = head.withUnsafeBytes { buffer.append($0) }
            expected += head
            // Runs of parts of one body, then of the other.
            let body = bodies[frame / 3 % 2]
            let size = body.count / frames
            let range = frame * size..<(frame + 1) * size
            buffer.hold(body, range)
            expected += body[range]
        }
        let tail = bytes(5, from: 200)
        _ = tail.withUnsafeBytes { buffer.append($0) }
        return expected + tail
    }

    private static func take(_ buffer: inout OutboxBuffer, piece: Int) -> [UInt8] {
        var taken: [UInt8] = []
        while !buffer.isEmpty {
            let count = buffer.takeNext(maximum: piece) { bytes in
                taken += bytes
                return bytes.count
            }
            if count == 0 { break }
        }
        return taken
    }

    @Test func aSmallWriteComesOut() {
        var buffer = OutboxBuffer()
        #expect(Self.take(&buffer, piece: 10) == [])
        let room = buffer.reserve(3)
        let capacity = room.count
        #expect(capacity >= 3)
        room.copyBytes(from: [1, 2, 3])
        buffer.commit(3)
        let waiting = buffer.remaining
        #expect(waiting == 3)
        #expect(Self.take(&buffer, piece: 10) == [1, 2, 3])
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    @Test func rangesOutsideABodyAreCut() {
        var buffer = OutboxBuffer()
        buffer.hold([1, 2, 3], 1..<9)
        buffer.hold([1, 2, 3], 3..<3)
        buffer.hold([], 0..<1)
        let waiting = buffer.remaining
        #expect(waiting == 2)
        #expect(Self.take(&buffer, piece: 10) == [2, 3])
    }

    @Test(arguments: [1, 2, 3, 7, 10, 11, 64, 1000]) func takenInPieces(piece: Int) {
        var buffer = OutboxBuffer()
        let expected = Self.fill(&buffer, frames: 40)
        let waiting = buffer.remaining
        #expect(waiting == expected.count)
        #expect(Self.take(&buffer, piece: piece) == expected)
    }

    /// A filter may take less than it is offered, or nothing.
    @Test func whatIsNotTakenComesAgain() {
        var buffer = OutboxBuffer()
        let expected = Self.fill(&buffer, frames: 20)
        var random = SeededGenerator(seed: 5)
        var taken: [UInt8] = []
        while !buffer.isEmpty {
            _ = buffer.takeNext(maximum: 9) { bytes in
                let count = random.number(0...bytes.count)
                taken += bytes.prefix(count)
                return count
            }
        }
        #expect(taken == expected)
    }

    @Test func anErrorOfTheTakerLosesNothing() {
        struct Refused: Error {}
        var buffer = OutboxBuffer()
        let expected = Self.fill(&buffer, frames: 6)
        for step in 0..<5 {
            do throws(Refused) {
                _ = try buffer.takeNext(maximum: 100) { (_) throws(Refused) in throw Refused() }
                Issue.record("step \(step): nothing was thrown")
            } catch {
                let waiting = buffer.remaining
                #expect(waiting == expected.count)
            }
        }
        #expect(Self.take(&buffer, piece: 100) == expected)
    }

    /// Cut at every byte: what comes before the cut is taken, the rest goes through the kernel.
    @Test func writtenFromEveryByteOn() {
        let (out, back) = socketPair()
        defer {
            Socket.close(out)
            Socket.close(back)
        }
        var cut = 0
        while true {
            var buffer = OutboxBuffer()
            let expected = Self.fill(&buffer, frames: 40)
            guard cut <= expected.count else { break }
            var taken: [UInt8] = []
            while taken.count < cut {
                _ = buffer.takeNext(maximum: cut - taken.count) { bytes in
                    taken += bytes
                    return bytes.count
                }
            }
            while !buffer.isEmpty {
                guard case .bytes(let count) = buffer.write(to: out) else {
                    Issue.record("cut \(cut): the socket took nothing")
                    return
                }
                taken += readExactly(back, count)
            }
            guard taken == expected else {
                Issue.record("cut \(cut): other bytes came out than went in")
                return
            }
            cut += 1
        }
        #expect(cut > 300)
    }

    @Test(arguments: 1...4) func throughATinySocketInRandomPieces(seed: Int) {
        let (out, back) = socketPair(sendBuffer: 1)
        defer {
            Socket.close(out)
            Socket.close(back)
        }
        var random = SeededGenerator(seed: UInt64(seed))
        var buffer = OutboxBuffer()
        var expected: [UInt8] = []
        var received: [UInt8] = []
        var wasBlocked = false
        for round in 0..<400 {
            for _ in 0...random.number(0...3) {
                if random.number(0...2) > 0 {
                    let piece = Self.bytes(random.number(0...300), from: round)
                    _ = piece.withUnsafeBytes { buffer.append($0) }
                    expected += piece
                } else {
                    let body = Self.bytes(random.number(1...30_000), from: round)
                    var lower = 0
                    while lower < body.count {
                        let upper = min(body.count, lower + random.number(1...9000))
                        buffer.hold(body, lower..<upper)
                        _ = buffer.append(UnsafeRawBufferPointer(start: nil, count: 0))
                        lower = upper
                    }
                    expected += body
                }
            }
            while !buffer.isEmpty {
                if buffer.write(to: out) == .wouldBlock {
                    wasBlocked = true
                    received += readSome(back, upTo: random.number(1...20_000))
                    if random.number(0...9) == 0 { break }
                }
            }
        }
        while !buffer.isEmpty { if buffer.write(to: out) == .wouldBlock { received += readSome(back) } }
        received += readExactly(back, expected.count - received.count)
        #expect(wasBlocked)
        #expect(received == expected)
    }

    @Test func trimGivesMemoryBackOnlyWhenEmpty() {
        var buffer = OutboxBuffer()
        let expected = Self.fill(&buffer, frames: 3)
        buffer.trim()
        #expect(Self.take(&buffer, piece: 100) == expected)
        buffer.trim()
        let again = Self.fill(&buffer, frames: 3)
        #expect(Self.take(&buffer, piece: 100) == again)
    }

    /// A burst leaves no large block behind, and no body.
    @Test func heldBodiesAreReleasedWhenTheyAreWritten() {
        var buffer = OutboxBuffer()
        var body = [UInt8](repeating: 1, count: 1000)
        let before = body.withUnsafeBufferPointer { $0.baseAddress }
        buffer.hold(body, 0..<1000)
        _ = Self.take(&buffer, piece: 4096)
        // Held by nobody else, the array is changed in place.
        body[0] = 2
        #expect(body.withUnsafeBufferPointer { $0.baseAddress } == before)
        _ = buffer.append(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    @Test func growsFarBeyondItsFirstBlock() {
        var buffer = OutboxBuffer()
        let piece = Self.bytes(100_000)
        for _ in 0..<30 { _ = piece.withUnsafeBytes { buffer.append($0) } }
        let taken = Self.take(&buffer, piece: 1 << 20)
        #expect(taken.count == 3_000_000)
        #expect((0..<30).allSatisfy { taken[$0 * 100_000..<($0 + 1) * 100_000].elementsEqual(piece) })
        let room = buffer.reserve(1).count
        #expect(room <= 64 << 10)
    }
}
