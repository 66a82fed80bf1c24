import Glibc
import TestSupport
import Testing

@testable import AMQPTransport

@Suite struct EventLoopTests {
    @Test func jobsRunInOrderOnTheLoop() {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let log = Box<[Int]>([])
        let threads = Box<Set<UInt>>([])
        for number in 0..<1000 {
            loop.execute {
                log.withLock { $0.append(number) }
                threads.withLock { _ = $0.insert(UInt(pthread_self())) }
            }
        }
        loop.turn(1)
        #expect(log.get() == Array(0..<1000))
        #expect(threads.get().count == 1 && !threads.get().contains(UInt(pthread_self())))
    }

    @Test func aJobGivenByAJobRunsAfterTheOnesBeforeIt() {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let log = Box<[String]>([])
        _ = loop.sync {
            loop.execute { log.withLock { $0.append("inner") } }
            log.withLock { $0.append("outer") }
        }
        loop.turn()
        #expect(log.get() == ["outer", "inner"])
    }

    @Test func jobsOfManyThreadsAllRunEachThreadsInOrder() throws {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let log = Box<[[Int]]>(Array(repeating: [], count: 8))
        try concurrently(8) { thread in
            for number in 0..<1000 { loop.execute { log.withLock { $0[thread].append(number) } } }
        }
        loop.turn(1)
        #expect(log.get() == Array(repeating: Array(0..<1000), count: 8))
    }

    @Test func aSleepingLoopIsWokenEveryTime() {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        for number in 0..<2000 {
            guard loop.sync({ number }) == number else {
                Issue.record("round \(number): the loop was not woken")
                return
            }
        }
    }

    @Test func timersRunInOrderAndNeverBeforeTheirTime() {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let changes = Changes()
        let log = Box<[(Int, Bool)]>([])
        loop.execute {
            let start = MonotonicTime.now()
            for milliseconds in [30, 10, 20, 0] {
                let deadline = start + .milliseconds(milliseconds)
                _ = loop.schedule(at: deadline) {
                    log.withLock { $0.append((milliseconds, MonotonicTime.now() >= deadline)) }
                    changes.note()
                }
            }
            loop.cancel(loop.schedule(at: start + .milliseconds(5)) { log.withLock { $0.append((5, false)) } })
        }
        #expect(changes.wait { log.withLock { $0.count } == 4 })
        #expect(log.get().map(\.0) == [0, 10, 20, 30])
        #expect(log.withLock { $0.allSatisfy(\.1) })
    }

    @Test func aTimerThatSetsAnotherForNowDoesNotStarveTheJobs() {
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let isDone = Box(false)
        @Sendable func again() {
            guard !isDone.get() else { return }
            _ = loop.schedule(at: .now(), again)
        }
        loop.execute { again() }
        loop.turn(10)
        isDone.set(true)
        #expect(loop.sync { true } == true)
    }

    @Test func stopRunsWhatWasGivenAndEndsTheThread() throws {
        let loop = EventLoop(name: "t-stopping")
        #expect(loop.startError == nil)
        let count = Box(0)
        loop.turn(1)
        #expect(try ProcessCounts.threadNames("t-stopping").count == 1)
        for _ in 0..<100 { loop.execute { count.withLock { $0 += 1 } } }
        loop.stop()
        let end = MonotonicTime.now() + .seconds(20)
        // The end of a detached thread gives no event.
        while try !ProcessCounts.threadNames("t-stopping").isEmpty, MonotonicTime.now() < end { sched_yield() }
        #expect(try ProcessCounts.threadNames("t-stopping") == [])
        #expect(count.get() == 100)
        // What comes later is dropped, and does no harm.
        loop.execute { count.set(-1) }
        loop.stop()
        #expect(count.get() == 100)
    }

    @Test func aLoopWithoutDescriptorsSaysSoAndTheSharedOneTriesAgain() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
            let failed = EventLoop(name: "test-loop").startError
            let failedShared = EventLoop.shared.startError
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(failed?.errno == EMFILE)
            #expect(failedShared?.errno == EMFILE)
            #expect(EventLoop.shared.startError == nil)
            #expect(EventLoop.shared.sync { 1 } == 1)
            #expect(EventLoop.shared === EventLoop.shared)
        }
    }

    @Test func aStoppedLoopLeavesNoDescriptor() async {
        await #expect(processExitsWith: .success) {
            EventLoop.shared.turn()
            let before = try ProcessCounts.descriptors()
            for _ in 0..<20 {
                let loop = EventLoop(name: "t-fleeting")
                loop.turn(1)
                loop.stop()
            }
            let end = MonotonicTime.now() + .seconds(20)
            // What `turn` waited with may have been counted, and closed since.
            while try ProcessCounts.descriptors() > before, MonotonicTime.now() < end { sched_yield() }
            #expect(try ProcessCounts.descriptors() <= before)
        }
    }
}
