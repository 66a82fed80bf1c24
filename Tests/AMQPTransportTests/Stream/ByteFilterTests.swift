import Testing

@testable import AMQPTransport

/// The place that TLS takes: between outbox and socket, both ways.
@Suite struct ByteFilterTests {
    private static func greeted() -> StreamFixture {
        let fixture = StreamFixture(filter: RecordFilter())
        #expect(readExactly(fixture.peer, 5) == RecordFilter.hello)
        writeAll(fixture.peer, RecordFilter.hello)
        #expect(readExactly(fixture.peer, 8) == RecordFilter.finished)
        // The bytes may be here before the loop has given the writer token back.
        fixture.loop.turn()
        return fixture
    }

    @Test func nothingOfTheOwnerIsSentBeforeThePeersFirstMessage() {
        let fixture = StreamFixture(filter: RecordFilter())
        fixture.send([1, 2, 3], .immediate)
        fixture.loop.turn()
        #expect(readExactly(fixture.peer, 5) == RecordFilter.hello)
        fixture.send([4], .immediate)
        fixture.loop.turn()
        #expect(read(fixture.peer).result == .wouldBlock)
        #expect(fixture.pending == 4)

        // The peer's first message comes in two pieces.
        writeAll(fixture.peer, Array(RecordFilter.hello.prefix(2)))
        fixture.loop.turn()
        #expect(read(fixture.peer).result == .wouldBlock)
        writeAll(fixture.peer, Array(RecordFilter.hello.dropFirst(2)))
        // Two appends may have become one record or two.
        let wire = readExactly(fixture.peer, 8 + 5)
        #expect(Array(wire.prefix(8)) == RecordFilter.finished)
        #expect(wire.dropFirst(8).first == 3 || wire.dropFirst(8).first == 4)
        fixture.loop.turn()
        #expect(fixture.pending == 0)
    }

    @Test func aCallerNeverWritesPastTheFilter() {
        let fixture = Self.greeted()
        let gate = Gate()
        fixture.loop.execute { gate.wait() }
        #expect(fixture.send([1], .immediate) == .enqueue)
        gate.open()
        #expect(readExactly(fixture.peer, 2) == RecordFilter.record([1]))
    }

    /// Above the mark, too.
    @Test func aCallerWithALotToSayLeavesItToTheLoopToo() {
        let fixture = Self.greeted()
        let gate = Gate()
        fixture.loop.execute { gate.wait() }
        let action = fixture.stream.lock.withLock {
            _ = [UInt8](repeating: 1, count: 100_000).withUnsafeBytes { fixture.stream.append($0) }
            return fixture.stream.noteAppended(.batched)
        }
        #expect(action == .enqueue)
        if action == .enqueue { fixture.stream.perform(action) }
        gate.open()
        #expect(readExactly(fixture.peer, 101_000).count == 101_000)
    }

    @Test func muchGoesThroughInRecordsAndCounts() {
        let fixture = Self.greeted()
        let plain = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 % 229) }
        fixture.send(plain)
        let wire = readExactly(fixture.peer, 1_010_000)
        var unwrapped: [UInt8] = []
        var position = 0
        while position < wire.count {
            let size = Int(wire[position])
            unwrapped += wire[position + 1...position + size].map { $0 ^ 0xFF }
            position += size + 1
        }
        #expect(unwrapped == plain)
        fixture.loop.turn()
        #expect(fixture.pending == 0)
    }

    @Test(arguments: [1, 2, 3, 50, 101, 102]) func recordsAreReadInAnyPieces(piece: Int) {
        let fixture = Self.greeted()
        let plain = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let wire = stride(from: 0, to: 1000, by: 100).flatMap { RecordFilter.record(Array(plain[$0..<$0 + 100])) }
        for lower in stride(from: 0, to: wire.count, by: piece) {
            writeAll(fixture.peer, Array(wire[lower..<min(wire.count, lower + piece)]))
            if piece < 100 { fixture.loop.turn(1) }
        }
        #expect(fixture.recorder.wait { $0.bytes.count == 1000 })
        #expect(fixture.recorder.bytes == plain)
    }

    /// Plain bytes that the owner leaves come again together with the next ones.
    @Test func whatTheOwnerLeavesComesAgain() {
        let fixture = Self.greeted()
        fixture.recorder.whenRead { bytes in bytes.count >= 6 ? bytes.count : 0 }
        writeAll(fixture.peer, RecordFilter.record([1, 2, 3]))
        #expect(fixture.recorder.wait { $0.events.contains(.read(3)) })
        writeAll(fixture.peer, RecordFilter.record([4, 5, 6]))
        #expect(fixture.recorder.wait { $0.bytes.count == 6 })
        #expect(fixture.recorder.bytes == [1, 2, 3, 4, 5, 6])
    }

    /// The owner may do to its stream whatever it likes while it reads.
    @Test func theOwnerMayCloseWhileItReads() {
        let fixture = Self.greeted()
        let stream = fixture.stream
        fixture.recorder.whenRead { bytes in
            stream.setReadingPaused(true)
            stream.close()
            return bytes.count
        }
        writeAll(fixture.peer, RecordFilter.record([1]))
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }

    @Test func theOwnerMayAnswerWhileItReads() {
        let fixture = Self.greeted()
        fixture.recorder.whenRead { [weak fixture] bytes in
            if !bytes.isEmpty { fixture?.send(Array(bytes), .immediate) }
            return bytes.count
        }
        writeAll(fixture.peer, RecordFilter.record([1, 2]))
        #expect(readExactly(fixture.peer, 3) == RecordFilter.record([1, 2]))
    }

    @Test func whatCannotBeDecodedClosesTheStream() {
        let fixture = Self.greeted()
        writeAll(fixture.peer, [0, 1])
        #expect(fixture.recorder.wait { $0.closeReason == .filter(ByteFilterError(text: "an empty record")) })
    }

    @Test func whatCannotBeEncodedClosesTheStream() {
        let fixture = Self.greeted()
        fixture.send([0xEE])
        #expect(fixture.recorder.wait { $0.closeReason == .filter(ByteFilterError(text: "cannot encode")) })
    }

    @Test func closeWhenFlushedWaitsForTheWireBytes() {
        let fixture = StreamFixture(sendBuffer: 1, filter: MaskFilter(0x55))
        let plain = [UInt8](repeating: 3, count: 300_000)
        fixture.send(plain)
        _ = fixture.loop.sync { fixture.stream.closeWhenFlushed() }
        #expect(readExactly(fixture.peer, 300_001) == plain.map { $0 ^ 0x55 })
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }
}
