import TestSupport
import Testing

@testable import AMQPTransport

/// Eight threads append records in all ways there are; each record arrives whole and each thread's in order.
@Suite struct StreamOrderTests {
    private static let threads = 8

    /// Thread, number, size, then bytes that follow from them.
    private static func record(_ thread: Int, _ number: Int, _ size: Int) -> [UInt8] {
        let head = [thread, number >> 8, number, size >> 16, size >> 8, size].map { UInt8(truncatingIfNeeded: $0) }
        return head + (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ thread &* 31 &+ number) }
    }

    /// What arrived, as how many records of each thread; `nil` if a record is broken or out of order.
    private static func check(_ bytes: [UInt8]) -> [Int]? {
        var next = Array(repeating: 0, count: threads)
        var position = 0
        while position < bytes.count {
            guard position + 6 <= bytes.count else { return nil }
            let head = bytes[position..<position + 6].map(Int.init)
            let (thread, number, size) = (head[0], head[1] << 8 | head[2], head[3] << 16 | head[4] << 8 | head[5])
            guard thread < threads, next[thread] == number, position + 6 + size <= bytes.count else { return nil }
            guard bytes[position..<position + 6 + size].elementsEqual(record(thread, number, size)) else { return nil }
            next[thread] += 1
            position += 6 + size
        }
        return next
    }

    @Test(arguments: [nil, 1] as [Int32?], [nil, 0x5A] as [UInt8?])
    func recordsStayWhole(sendBuffer: Int32?, mask: UInt8?) throws {
        let count = 400
        let fixture = StreamFixture(sendBuffer: sendBuffer, filter: mask.map(MaskFilter.init))
        let received = Box<[UInt8]>([])
        let reader = try HarnessThread("test-reader") {
            while true {
                let some = readSome(fixture.peer)
                if some.isEmpty { return }
                received.withLock { $0 += some }
            }
        }
        try concurrently(Self.threads) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            let stream = fixture.stream
            for number in 0..<count {
                let isLarge = random.number(0...40) == 0
                let size = isLarge ? random.number(5000...100_000) : random.number(0...300)
                let record = Self.record(thread, number, size)
                let action = stream.lock.withLock {
                    if isLarge {
                        _ = record.withUnsafeBytes { stream.append(UnsafeRawBufferPointer(rebasing: $0[..<6])) }
                        stream.hold(record, 6..<record.count / 2)
                        stream.hold(record, record.count / 2..<record.count)
                    } else {
                        let room = stream.reserve(record.count)
                        room.copyBytes(from: record)
                        stream.commit(record.count)
                    }
                    return stream.noteAppended(random.number(0...3) == 0 ? .immediate : .batched)
                }
                stream.perform(action)
            }
        }
        _ = fixture.loop.sync { fixture.stream.closeWhenFlushed() }
        reader.join()
        let bytes = received.get().map { $0 ^ (mask ?? 0) }
        #expect(Self.check(bytes) == Array(repeating: count, count: Self.threads))
        #expect(fixture.recorder.wait { $0.closeReason == .closedLocally })
    }
}
