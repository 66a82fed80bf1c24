import Glibc
import TestSupport
import Testing

@testable import AMQPTransport

@Suite struct StreamClosingTests {
    @Test func aClosedStreamTellsItOnceAndWritesNothing() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        _ = fixture.loop.sync {
            stream.close()
            stream.close(.endOfStream)
        }
        #expect(fixture.recorder.current.events == [.closed(.closedLocally)])
        #expect(fixture.send([1], .immediate) == .none)
        #expect(readSome(fixture.peer) == [])
        #expect(fixture.recorder.current.events == [.closed(.closedLocally)])
    }

    /// Nothing comes after the news that the stream is closed, wherever it was closed.
    @Test func nothingComesAfterTheClose() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        fixture.recorder.whenRead { bytes in
            stream.close()
            return bytes.count
        }
        writeAll(fixture.peer, [1, 2, 3])
        #expect(fixture.recorder.wait { $0.closeReason != nil })
        fixture.loop.turn()
        #expect(fixture.recorder.current.events.last == .closed(.closedLocally))
    }

    /// Who appends last before the close is asked for is still written, and the peer sees the end behind it.
    @Test func closeWhenFlushedWritesWhatWaits() {
        let fixture = StreamFixture(sendBuffer: 1)
        fixture.send([UInt8](repeating: 6, count: 300_000))
        let stream = fixture.stream
        _ = fixture.loop.sync { stream.closeWhenFlushed() }
        #expect(fixture.recorder.current.closeReason == nil)
        #expect(readExactly(fixture.peer, 300_001).count == 300_000)
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }

    @Test func closeWhenFlushedWithNothingToWriteClosesAtOnce() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        _ = fixture.loop.sync { stream.closeWhenFlushed() }
        #expect(fixture.recorder.current.closeReason == .closedLocally)
    }

    /// The last bytes may be in the hands of a caller right then: it must not be the last to know.
    @Test func closeWhenFlushedWhileACallerWrites() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        stream.lock.withLock {
            _ = ([1, 2, 3] as [UInt8]).withUnsafeBytes { stream.append($0) }
            stream.takeWriterToken()
        }
        _ = fixture.loop.sync { stream.closeWhenFlushed() }
        #expect(fixture.recorder.current.closeReason == nil)
        _ = stream.write(onLoop: false)
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }

    @Test func theDescriptorOutlivesTheCallerThatWrites() {
        let fixture = StreamFixture()
        let stream = fixture.stream
        stream.lock.withLock {
            _ = ([1, 2, 3] as [UInt8]).withUnsafeBytes { stream.append($0) }
            stream.takeWriterToken()
        }
        _ = fixture.loop.sync { stream.close() }
        fixture.loop.turn()
        #expect(Descriptors.isOpen(stream.descriptor))
        #expect(fixture.recorder.current.events == [])
        _ = stream.write(onLoop: false)
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }

    /// The broker's reason for closing is in the input when our write fails.
    @Test func aFailedWriteLetsTheInputBeReadFirst() {
        let fixture = StreamFixture()
        // On the loop, so that nothing is read before the write fails.
        _ = fixture.loop.sync { [fixture] in
            writeAll(fixture.peer, Array("because".utf8))
            fixture.closePeer()
            fixture.send([1], .immediate)
        }
        #expect(fixture.recorder.wait { $0.closeReason != nil })
        #expect(fixture.recorder.bytes == Array("because".utf8))
        // What it was closed for depends on whether the end of the input was seen behind the last byte.
        let reason = fixture.recorder.current.closeReason
        #expect(reason == .endOfStream || reason == .failed(SystemError(errno: EPIPE, call: "send")))
    }

    /// No byte of a stream goes into a descriptor that has its number after the close. In a process of its own, so
    /// that nobody else takes the number.
    @Test func noCallerWritesIntoAReusedDescriptor() async {
        await #expect(processExitsWith: .success) {
            let loop = EventLoop(name: "test-loop")
            var reused = 0
            for _ in 0..<150 {
                let fixture = StreamFixture(loop: loop)
                let descriptor = fixture.stream.descriptor
                let isOver = Box(false)
                let writers = try (0..<4).map { _ in
                    try HarnessThread("test-writer") {
                        while !isOver.get() { fixture.send([0xAA, 0xAA, 0xAA], .immediate) }
                    }
                }
                let drain = try HarnessThread("test-drain") {
                    while !readSome(fixture.peer).isEmpty {}
                }
                loop.execute { fixture.stream.close() }
                #expect(fixture.recorder.wait { $0.closeReason != nil })
                // The lowest free number is the next to be given out.
                let decoys = (0..<4).map { _ in socketPair() }
                if decoys.contains(where: { $0.0 == descriptor || $0.1 == descriptor }) { reused += 1 }
                for _ in 0..<20 { fixture.send([0xAA], .immediate) }
                isOver.set(true)
                for writer in writers { writer.join() }
                drain.join()
                for (one, other) in decoys {
                    #expect(read(one).result == .wouldBlock)
                    #expect(read(other).result == .wouldBlock)
                    Socket.close(one)
                    Socket.close(other)
                }
            }
            #expect(reused > 0)
            loop.stop()
        }
    }
}
