import AMQPTransport
import Glibc
import TestSupport
import Testing

@Suite struct EpollTests {
    @Test(arguments: [true, false]) func tellsTheTokenOfWhatIsReady(usingNanoseconds: Bool) throws {
        let epoll = try Epoll(usingNanoseconds: usingNanoseconds)
        let quiet = try EventFD()
        let loud = try EventFD()
        var events = EpollEvents(capacity: 8)
        try epoll.add(quiet.descriptor, token: 1, .read)
        try epoll.add(loud.descriptor, token: .max, .read)
        loud.signal()

        try epoll.wait(into: &events, timeoutNanoseconds: -1)
        #expect(events.count == 1)
        let event = try #require(events[0])
        #expect(event.token == .max)
        #expect(event.isReadable)
        #expect(!event.isWritable && !event.isHangUp && !event.isError)
        #expect(events[1] == nil)
        #expect(events[-1] == nil)

        let drained = [loud.drain(), loud.drain()]
        #expect(drained == [true, false])
        try epoll.wait(into: &events, timeoutNanoseconds: 0)
        #expect(events.count == 0)
        #expect(events[0] == nil)
    }

    @Test func modifyAndRemove() throws {
        let epoll = try Epoll()
        let event = try EventFD()
        var events = EpollEvents(capacity: 1)
        try epoll.add(event.descriptor, token: 1, .read)
        try epoll.modify(event.descriptor, token: 2, [.read, .write])
        try epoll.wait(into: &events, timeoutNanoseconds: 0)
        #expect(events[0]?.token == 2)
        #expect(events[0]?.isWritable == true)
        #expect(events[0]?.isReadable == false)
        try epoll.remove(event.descriptor)
        try epoll.wait(into: &events, timeoutNanoseconds: 0)
        #expect(events.count == 0)
    }

    @Test func failuresSayWhichCall() throws {
        let epoll = try Epoll()
        let event = try EventFD()
        #expect(throws: SystemError(errno: ENOENT, call: "epoll_ctl DEL")) { try epoll.remove(event.descriptor) }
        #expect(throws: SystemError(errno: EBADF, call: "epoll_ctl ADD")) { try epoll.add(-1, token: 0, .read) }
    }

    @Test func moreIsReadyThanTheBufferHolds() throws {
        let epoll = try Epoll()
        let first = try EventFD()
        let second = try EventFD()
        var events = EpollEvents(capacity: 0)
        #expect(events.capacity == 1)
        for event in [first.descriptor, second.descriptor] { try epoll.add(event, token: UInt64(event), .write) }
        try epoll.wait(into: &events, timeoutNanoseconds: 0)
        let one = events[0]?.token
        try epoll.wait(into: &events, timeoutNanoseconds: 0)
        #expect(events[0]?.token != one, "epoll takes turns")
    }

    /// The time is not judged but for its lower bound, which the clock guarantees.
    @Test(arguments: [true, false]) func waitsForItsTime(usingNanoseconds: Bool) throws {
        let epoll = try Epoll(usingNanoseconds: usingNanoseconds)
        var events = EpollEvents(capacity: 1)
        let start = MonotonicTime.now()
        try epoll.wait(into: &events, timeoutNanoseconds: 300_000)
        #expect(MonotonicTime.now() - start >= .microseconds(300))
        #expect(events.count == 0)
    }

    @Test(arguments: [
        (Int64.min, Int32(-1)), (-1, -1), (0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (.max, .max),
    ]) func millisecondsRoundUp(nanoseconds: Int64, expected: Int32) {
        #expect(Epoll.milliseconds(nanoseconds) == expected)
    }

    @Test func aSignalFromAnotherThreadEndsTheWait() throws {
        final class Shared: Sendable {
            let event: EventFD
            init() throws { event = try EventFD() }
        }
        let epoll = try Epoll()
        let shared = try Shared()
        try epoll.add(shared.event.descriptor, token: 7, .read)
        let thread = try HarnessThread("signaller") { shared.event.signal() }
        var events = EpollEvents(capacity: 4)
        try epoll.wait(into: &events, timeoutNanoseconds: -1)
        #expect(events[0]?.token == 7)
        thread.join()
    }

    @Test func descriptorsAreNotInheritedAcrossExec() throws {
        let event = try EventFD()
        #expect(fcntl(event.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(event.descriptor, F_GETFL) & O_NONBLOCK != 0)
    }
}
