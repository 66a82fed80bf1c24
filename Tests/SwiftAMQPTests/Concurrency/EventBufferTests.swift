import Testing

@testable import SwiftAMQP

@Suite struct EventBufferTests {
    private static func collect(_ buffer: EventBuffer<Int>) async -> [Int] {
        var all: [Int] = []
        while let event = await buffer.next() { all.append(event) }
        return all
    }

    @Test func whatWasPutInComesOutThenTheEnd() async {
        let buffer = EventBuffer<Int>(capacity: 10)
        for number in 1...3 { buffer.append(number) }
        buffer.finish()
        buffer.append(4)
        #expect(await Self.collect(buffer) == [1, 2, 3])
        #expect(await buffer.next() == nil)
        #expect(buffer.droppedCount == 0)
    }

    @Test func theOldestGoWhenNobodyTakesThem() async {
        let buffer = EventBuffer<Int>(capacity: 3)
        for number in 1...10 { buffer.append(number) }
        buffer.finish()
        #expect(buffer.droppedCount == 7)
        #expect(await Self.collect(buffer) == [8, 9, 10])
    }

    @Test func theOldestGoWhenTheyWeighTooMuch() async {
        let buffer = EventBuffer<Int>(capacity: 100, maximumWeight: 10, weigh: { $0 })
        for number in [4, 4, 4] { buffer.append(number) }
        #expect(buffer.droppedCount == 1)
        #expect(await buffer.next() == 4)
        buffer.append(6)
        #expect(buffer.droppedCount == 1)
        // More than all may weigh: it takes the others with it.
        buffer.append(11)
        #expect(buffer.droppedCount == 4)
        buffer.append(10)
        buffer.finish()
        #expect(await Self.collect(buffer) == [10])
    }

    @Test func aReaderWaits() async {
        let buffer = EventBuffer<Int>(capacity: 1000)
        async let all = Self.collect(buffer)
        for number in 0..<500 {
            buffer.append(number)
            if number % 50 == 0 { await Task.yield() }
        }
        buffer.finish()
        #expect(await all == Array(0..<500))
    }

    @Test func aCancelledReaderEndsAndTakesNothingWithIt() async {
        let buffer = EventBuffer<Int>(capacity: 10)
        let reader = Task { await buffer.next() }
        reader.cancel()
        #expect(await reader.value == nil)
        buffer.append(1)
        #expect(await buffer.next() == 1)
    }

    @Test func everyReaderIsWokenAtTheEnd() async {
        for _ in 0..<200 {
            let buffer = EventBuffer<Int>(capacity: 10)
            let taken = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { await Self.collect(buffer).count } }
                group.addTask {
                    for number in 0..<3 { buffer.append(number) }
                    buffer.finish()
                    return 0
                }
                return await group.reduce(0, +)
            }
            #expect(taken == 3)
        }
    }
}
