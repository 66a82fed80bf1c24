import Testing

@testable import AMQPTransport

@Suite struct StreamWritingTests {
    @Test func whoWillWaitForTheAnswerWritesByItself() {
        let fixture = StreamFixture()
        // The loop is held up, so nobody but the caller can have written.
        let gate = Gate()
        fixture.loop.execute { gate.wait() }
        #expect(fixture.send([1, 2, 3], .immediate) == .write)
        #expect(readExactly(fixture.peer, 3) == [1, 2, 3])
        #expect(fixture.pending == 0)
        gate.open()
    }

    @Test func batchedBytesAreLeftToTheLoopWhichIsAskedOnce() {
        let fixture = StreamFixture()
        let gate = Gate()
        fixture.loop.execute { gate.wait() }
        #expect(fixture.send([1]) == .enqueue)
        #expect(fixture.send([2]) == .none)
        // Who waits for an answer does not wait for the loop: it may be lingering.
        #expect(fixture.send([3], .immediate) == .write)
        gate.open()
        #expect(readExactly(fixture.peer, 3) == [1, 2, 3])
    }

    @Test func whoBringsTheBufferToTheMarkWritesIt() {
        let fixture = StreamFixture()
        let gate = Gate()
        fixture.loop.execute { gate.wait() }
        let half = [UInt8](repeating: 5, count: 16 << 10)
        #expect(fixture.send(half) == .enqueue)
        #expect(fixture.send(half) == .write)
        #expect(readExactly(fixture.peer, 32 << 10) == half + half)
        gate.open()
    }

    @Test func aFullSocketIsLeftToTheLoopAndNothingIsLost() {
        let fixture = StreamFixture(sendBuffer: 1)
        let filled = fixture.fill()
        #expect(fixture.send([1], .immediate) == .none)
        #expect(fixture.send([UInt8](repeating: 2, count: 1 << 20)) == .none)
        let received = readExactly(fixture.peer, filled + 1 + (1 << 20))
        #expect(received.count == filled + 1 + (1 << 20))
        #expect(received[filled] == 1)
        #expect(received[(filled + 1)...].allSatisfy { $0 == 2 })
        fixture.loop.turn()
        #expect(fixture.pending == 0)
        #expect(!fixture.isBlocked)
    }

    @Test func roomIsToldOnceForOneQuestion() {
        let fixture = StreamFixture(sendBuffer: 1)
        let filled = fixture.fill()
        fixture.send([UInt8](repeating: 0, count: 500_000))
        fixture.stream.lock.withLock { fixture.stream.notifyWhenBelow(100_000) }
        // Not while more than the mark waits.
        _ = readExactly(fixture.peer, 200_000)
        fixture.loop.turn()
        #expect(fixture.recorder.current.rooms == 0)
        _ = readExactly(fixture.peer, filled + 300_000)
        #expect(fixture.recorder.wait { $0.rooms == 1 })
        fixture.loop.turn()
        fixture.send([1], .immediate)
        _ = readExactly(fixture.peer, 1)
        fixture.loop.turn()
        #expect(fixture.recorder.current.rooms == 1)
    }

    /// The owner lets the next in line append right there.
    @Test func roomMayBeUsedWhereItIsTold() {
        let fixture = StreamFixture(sendBuffer: 1)
        let rounds = Box(0)
        let chunk = [UInt8](repeating: 9, count: 100_000)
        fixture.recorder.whenRoom { [weak fixture] in
            let round = rounds.withLock {
                $0 += 1
                return $0
            }
            guard let fixture, round <= 20 else { return }
            fixture.stream.lock.withLock { fixture.stream.notifyWhenBelow(50_000) }
            fixture.send(chunk)
        }
        fixture.stream.lock.withLock { fixture.stream.notifyWhenBelow(50_000) }
        fixture.send(chunk)
        let all = readExactly(fixture.peer, 2_100_000)
        #expect(all.count == 2_100_000)
        #expect(fixture.recorder.wait { $0.rooms == 21 })
    }

    @Test func theTimeOfTheLastWriteMovesOnlyWhenTheKernelTakesBytes() {
        let fixture = StreamFixture(sendBuffer: 1)
        _ = fixture.fill()
        let before = fixture.stream.lock.withLock { fixture.stream.lastWrite }
        fixture.send([1], .immediate)
        fixture.loop.turn()
        #expect(fixture.stream.lock.withLock { fixture.stream.lastWrite } == before)
    }

    /// The heartbeat ticks of many connections keep a loop from ever being idle for long, and its idle connections
    /// shall give their buffers back all the same.
    @Test func buffersAreGivenBackThoughTimersKeepTheLoopAwake() {
        let fixture = StreamFixture()
        let isTrimmed = Box(false)
        let changes = Changes()
        let (loop, stream) = (fixture.loop, fixture.stream)
        @Sendable func tick() {
            guard stream.state.isListedForTrim else {
                isTrimmed.set(true)
                changes.note()
                return
            }
            _ = loop.schedule(at: .now() + .milliseconds(20), tick)
        }
        fixture.send([1, 2, 3])
        _ = readExactly(fixture.peer, 3)
        fixture.loop.execute { tick() }
        #expect(changes.wait { isTrimmed.get() })
    }
}
