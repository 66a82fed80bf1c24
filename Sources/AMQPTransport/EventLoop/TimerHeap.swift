/// A timer that can be cancelled.
///
/// - Invariant: touched on its loop's thread only; that is why it may cross into closures that run there.
package final class LoopTimer: @unchecked Sendable {
    fileprivate(set) var deadline: MonotonicTime
    fileprivate let sequence: UInt64
    fileprivate var action: (@Sendable () -> Void)?

    fileprivate init(deadline: MonotonicTime, sequence: UInt64, action: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.sequence = sequence
        self.action = action
    }

    fileprivate var isCancelled: Bool { action == nil }
}

/// The timers of one loop: a binary heap by deadline, then by age. Cancelled timers stay until they come up or until
/// they are more than half of the heap.
struct TimerHeap {
    private var heap: [LoopTimer] = []
    private var cancelled = 0
    private var sequence: UInt64 = 0

    var count: Int { heap.count - cancelled }

    /// When the next timer is due.
    var earliest: MonotonicTime? { heap.first?.deadline }

    mutating func insert(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> LoopTimer {
        sequence &+= 1
        let timer = LoopTimer(deadline: deadline, sequence: sequence, action: action)
        heap.append(timer)
        siftUp(heap.count - 1)
        return timer
    }

    mutating func cancel(_ timer: LoopTimer) {
        guard timer.action != nil else { return }
        timer.action = nil
        cancelled += 1
        if cancelled > 32, cancelled * 2 > heap.count { compact() }
    }

    /// Takes the next timer that is due and gives its action.
    mutating func popDue(now: MonotonicTime) -> (@Sendable () -> Void)? {
        while let first = heap.first {
            if first.isCancelled {
                removeFirst()
                cancelled -= 1
                continue
            }
            guard first.deadline <= now else { return nil }
            removeFirst()
            let action = first.action
            first.action = nil
            return action
        }
        return nil
    }

    private mutating func compact() {
        heap.removeAll { $0.isCancelled }
        cancelled = 0
        var position = heap.count / 2
        while position > 0 {
            position -= 1
            siftDown(position)
        }
    }

    private mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (heap[left], heap[right])
        return a.deadline == b.deadline ? a.sequence < b.sequence : a.deadline < b.deadline
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = parent * 2 + 1
            let right = left + 1
            var smallest = parent
            if left < heap.count, precedes(left, smallest) { smallest = left }
            if right < heap.count, precedes(right, smallest) { smallest = right }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
