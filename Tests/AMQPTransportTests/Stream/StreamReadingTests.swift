import Glibc
import TestSupport
import Testing

@testable import AMQPTransport

@Suite struct StreamReadingTests {
    @Test func bytesArriveAndTheTurnIsEnded() {
        let fixture = StreamFixture()
        writeAll(fixture.peer, [1, 2, 3])
        #expect(fixture.recorder.wait { $0.bytes == [1, 2, 3] && $0.events.last == .finishedReading })
        #expect(fixture.recorder.current.events == [.read(3), .finishedReading])
    }

    /// A frame that comes in two pieces is shown whole, wherever it was cut.
    @Test(arguments: 1..<32) func whatIsLeftComesAgainInOnePiece(cut: Int) {
        let fixture = StreamFixture()
        let frame = (0..<32).map { UInt8($0) }
        fixture.recorder.whenRead { $0.count / 32 * 32 }
        writeAll(fixture.peer, Array(frame[..<cut]))
        #expect(fixture.recorder.wait { $0.events == [.read(cut), .finishedReading] })
        writeAll(fixture.peer, Array(frame[cut...]) + frame)
        #expect(fixture.recorder.wait { $0.bytes.count == 64 })
        #expect(fixture.recorder.bytes == frame + frame)
    }

    @Test(arguments: 1...3) func anyAmountMayBeConsumed(seed: Int) {
        let fixture = StreamFixture(readCapacity: 4096)
        let random = Box(SeededGenerator(seed: UInt64(seed)))
        fixture.recorder.whenRead { bytes in random.withLock { max(bytes.count - 1000, $0.number(0...bytes.count)) } }
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
        writeAll(fixture.peer, sent)
        fixture.closePeer()
        #expect(fixture.recorder.wait { $0.closeReason == .endOfStream })
        let received = fixture.recorder.bytes
        // What was never consumed cannot be there.
        #expect(received.count >= sent.count - 1000)
        #expect(received == Array(sent.prefix(received.count)))
    }

    @Test func anOwnerThatTakesNothingOfAFullBufferLosesTheStream() {
        let fixture = StreamFixture(readCapacity: 4096)
        fixture.recorder.whenRead { _ in 0 }
        writeAll(fixture.peer, [UInt8](repeating: 1, count: 10_000))
        #expect(fixture.recorder.wait { $0.closeReason != nil })
        guard case .failed = fixture.recorder.current.closeReason else {
            Issue.record("closed as \(String(describing: fixture.recorder.current.closeReason))")
            return
        }
    }

    @Test func nothingIsReadWhilePausedAndEverythingAfterwards() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        _ = fixture.loop.sync { stream.setReadingPaused(true) }
        writeAll(fixture.peer, [1, 2, 3])
        fixture.loop.turn()
        #expect(fixture.recorder.current.events == [])
        _ = fixture.loop.sync { stream.setReadingPaused(false) }
        #expect(fixture.recorder.wait { $0.bytes == [1, 2, 3] })
    }

    @Test func aPauseDoesNotHoldUpWriting() {
        let fixture = StreamFixture(sendBuffer: 1)
        let stream = fixture.stream
        _ = fixture.loop.sync { stream.setReadingPaused(true) }
        fixture.send([UInt8](repeating: 4, count: 200_000))
        #expect(readExactly(fixture.peer, 200_000).count == 200_000)
    }

    /// `readNow` is the last look before a silent peer is given up.
    @Test func readNowReadsEvenWhilePaused() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        writeAll(fixture.peer, [])
        _ = fixture.loop.sync { stream.setReadingPaused(true) }
        writeAll(fixture.peer, [7])
        _ = fixture.loop.sync { stream.readNow() }
        #expect(fixture.recorder.bytes == [7])
    }

    @Test func aBrokenSocketIsNoticedWhilePaused() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        _ = fixture.loop.sync { stream.setReadingPaused(true) }
        writeAll(fixture.peer, [1, 2])
        fixture.closePeer()
        #expect(fixture.recorder.wait { $0.closeReason == .endOfStream })
        #expect(fixture.recorder.bytes == [1, 2])
    }

    @Test func theEndComesAfterTheLastByte() {
        let fixture = StreamFixture()
        writeAll(fixture.peer, [1, 2])
        shutdown(fixture.peer, Int32(SHUT_WR))
        #expect(fixture.recorder.wait { $0.closeReason == .endOfStream })
        #expect(fixture.recorder.bytes == [1, 2])
        #expect(fixture.recorder.current.events.last == .closed(.endOfStream))
    }

    @Test func aResetIsAFailure() throws {
        let loopback = try Loopback()
        let (client, server) = try loopback.connect()
        loopback.forget(client)
        let loop = EventLoop(name: "test-loop")
        let recorder = StreamRecorder()
        let stream = SocketStream(loop: loop, descriptor: client)
        #expect(loop.sync { (try? stream.start(delegate: recorder)) != nil } == true)
        loopback.reset(server)
        let reset = StreamCloseReason.failed(SystemError(errno: ECONNRESET, call: "recv"))
        #expect(recorder.wait { $0.closeReason == reset })
        loop.stop()
    }

    /// One turn reads a bounded amount, however fast the peer pours, so that the next connection gets its turn.
    @Test func twoStreamsShareALoop() throws {
        let loop = EventLoop(name: "test-loop")
        let streams = [StreamFixture(loop: loop), StreamFixture(loop: loop)]
        let chunk = [UInt8](repeating: 1, count: 1 << 20)
        try concurrently(2) { index in
            for _ in 0..<8 { writeAll(streams[index].peer, chunk) }
        }
        for fixture in streams {
            #expect(fixture.recorder.wait { $0.bytes.count == 8 << 20 })
            var turn = 0
            var longest = 0
            for event in fixture.recorder.current.events {
                if case .read(let count) = event { turn += count } else { turn = 0 }
                longest = max(longest, turn)
            }
            // The budget, and one buffer more.
            #expect(longest <= (1 << 20) + (64 << 10))
        }
        loop.stop()
    }

    /// What fits the owner's memory goes there, what follows comes as ever, and no byte is lost between both.
    @Test(arguments: [16 << 10, 50_000, 100_000, 199_999, 200_000, 300_000])
    func bytesGoWhereTheOwnerWantsThem(size: Int) {
        let fixture = StreamFixture()
        fixture.recorder.offerPlace(size)
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
        writeAll(fixture.peer, sent)
        #expect(fixture.recorder.wait { $0.bytes.count == 200_000 })
        #expect(fixture.recorder.bytes == sent)
        var placed = 0
        for case .place(let count) in fixture.recorder.current.events { placed += count }
        // A small rest is not worth a call of its own.
        #expect(placed <= size && placed > min(size, 200_000) - (16 << 10))
    }

    /// What the owner left comes first, and in one piece with what follows.
    @Test func nothingIsReadToTheOwnersMemoryWhileBytesAreLeft() {
        let fixture = StreamFixture()
        let takes = Box(false)
        fixture.recorder.whenRead { takes.get() ? $0.count : 0 }
        writeAll(fixture.peer, [1, 2, 3])
        #expect(fixture.recorder.wait { $0.events == [.read(3), .finishedReading] })
        fixture.recorder.offerPlace(1 << 20)
        takes.set(true)
        writeAll(fixture.peer, [4])
        #expect(fixture.recorder.wait { $0.bytes == [1, 2, 3, 4] })
    }

    @Test func theEndIsSeenWhereTheOwnersMemoryIsReadTo() {
        let fixture = StreamFixture()
        fixture.recorder.offerPlace(1 << 20)
        writeAll(fixture.peer, [UInt8](repeating: 1, count: 100_000))
        fixture.closePeer()
        #expect(fixture.recorder.wait { $0.closeReason == .endOfStream })
        #expect(fixture.recorder.bytes.count == 100_000)
    }

    /// After a pause what has come is read without being told, and the end is, too.
    @Test func whatComesInAPauseIsReadAfterIt() {
        let fixture = StreamFixture()
        fixture.recorder.setPause(nanoseconds: 1_000_000)
        for number in 1...20 as ClosedRange<UInt8> {
            writeAll(fixture.peer, [number])
            #expect(fixture.recorder.wait { $0.bytes.count == Int(number) })
        }
        fixture.recorder.setPause(nanoseconds: 0)
        writeAll(fixture.peer, [21])
        #expect(fixture.recorder.wait { $0.bytes.count == 21 })
        fixture.recorder.setPause(nanoseconds: 1_000_000)
        writeAll(fixture.peer, [22])
        fixture.closePeer()
        #expect(fixture.recorder.wait { $0.closeReason == .endOfStream })
        #expect(fixture.recorder.bytes == Array(1...22))
    }
}
