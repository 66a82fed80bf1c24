import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct FIFOTests {
    @Test func firstInFirstOut() {
        var queue = FIFO<Int>()
        #expect(queue.popFirst() == nil)
        for number in 1...3 { queue.append(number) }
        #expect(queue.first == 1)
        #expect(queue.popFirst() == 1)
        queue.append(4)
        #expect((0..<4).map { _ in queue.popFirst() } == [2, 3, 4, nil])
        #expect(queue.isEmpty)
        #expect(queue.first == nil)
    }

    @Test func whatIsTakenIsLetGo() {
        final class Token {}
        var queue = FIFO<Token>()
        var token: Token? = Token()
        weak let released = token
        for _ in 0..<3 { queue.append(Token()) }
        if let token { queue.append(token) }
        for _ in 0..<3 { queue.append(Token()) }
        token = nil
        for _ in 0..<4 { _ = queue.popFirst() }
        #expect(released == nil)
    }

    @Test(arguments: 1...3) func agreesWithAnArray(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var queue = FIFO<Int>()
        var model: [Int] = []
        for step in 0..<30_000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<52:
                queue.append(step)
                model.append(step)
            case 52..<98:
                try #require(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()), "step \(step)")
            case 98:
                let divisor = Int.random(in: 2...7, using: &random)
                try #require(queue.removeAll { $0 % divisor == 0 } == model.filter { $0 % divisor == 0 })
                model.removeAll { $0 % divisor == 0 }
            default:
                guard Int.random(in: 0..<50, using: &random) == 0 else { continue }
                try #require(queue.removeAll() == model)
                model = []
            }
            try #require(queue.count == model.count && queue.first == model.first && queue.isEmpty == model.isEmpty)
        }
        var rest: [Int] = []
        queue.forEach { rest.append($0) }
        #expect(rest == model)
    }
}
