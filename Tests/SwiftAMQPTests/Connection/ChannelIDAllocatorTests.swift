import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct ChannelIDAllocatorTests {
    @Test func lowNumbersFirstAndAgain() {
        var allocator = ChannelIDAllocator(highest: 100)
        let first = (0..<5).map { _ in allocator.allocate() }
        #expect(first == [1, 2, 3, 4, 5])
        for id in [4, 2] as [UInt16] { allocator.release(id) }
        let again = (0..<3).map { _ in allocator.allocate() }
        #expect(again == [2, 4, 6])
        let count = allocator.count
        #expect(count == 6)
    }

    @Test(arguments: [1, 2, 62, 63, 64, 65, 127, 128, 2047, 65534, 65535] as [UInt16])
    func allOfThemAndNotOneMore(highest: UInt16) {
        var allocator = ChannelIDAllocator(highest: highest)
        for id in 1...highest {
            guard allocator.allocate() == id else {
                Issue.record("not \(id)")
                return
            }
        }
        for _ in 0..<3 {
            let none = allocator.allocate()
            #expect(none == nil)
        }
        allocator.release(highest)
        let last = allocator.allocate()
        #expect(last == highest)
        allocator.release(1)
        let first = allocator.allocate()
        #expect(first == 1)
        let count = allocator.count
        #expect(count == Int(highest))
    }

    @Test func aConnectionWithoutChannels() {
        var allocator = ChannelIDAllocator(highest: 0)
        let none = allocator.allocate()
        #expect(none == nil)
    }

    /// Channel 0 is the connection's, and what is released twice must not be given out twice.
    @Test func whatIsNotInUseCannotBeReleased() {
        var allocator = ChannelIDAllocator(highest: 200)
        _ = allocator.allocate()
        allocator.release(0)
        allocator.release(150)
        allocator.release(65535)
        allocator.release(1)
        allocator.release(1)
        let count = allocator.count
        #expect(count == 0)
        let ids = (0..<3).map { _ in allocator.allocate() }
        #expect(ids == [1, 2, 3])
    }
}
