import AMQPTransport
import Testing

@Suite struct MonotonicTimeTests {
    private static let origin = MonotonicTime(nanoseconds: 0)

    private static let conversions: [(Duration, Int64)] = [
        (.seconds(Int64.max), .max),
        (.seconds(Int64.min), .min),
        (.nanoseconds(5), 5),
        (.nanoseconds(-5), -5),
        (.milliseconds(1500), 1_500_000_000),
        (Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_806_000_000_000), .max - 1),
        (Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_807_000_000_000), .max),
        (Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_808_000_000_000), .max),
        (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
    ]

    @Test(arguments: conversions) func durationInNanosecondsSaturates(duration: Duration, expected: Int64) {
        #expect(duration.saturatingNanoseconds == expected)
    }

    @Test func additionSaturatesBothWays() {
        #expect(MonotonicTime(nanoseconds: .max - 1) + .nanoseconds(2) == .distantFuture)
        #expect((MonotonicTime(nanoseconds: .min + 1) + .nanoseconds(-2)).nanoseconds == .min)
        #expect(Self.origin + .seconds(Int64.max) == .distantFuture)
        #expect(Self.origin + .seconds(2) == MonotonicTime(nanoseconds: 2_000_000_000))
    }

    @Test func theDistantFutureStaysWhereItIs() {
        #expect(MonotonicTime.distantFuture + .seconds(-3600) == .distantFuture)
        #expect(MonotonicTime.distantFuture > .now())
    }

    @Test func differencesSaturate() {
        #expect(MonotonicTime(nanoseconds: 7) - MonotonicTime(nanoseconds: 10) == .nanoseconds(-3))
        #expect(MonotonicTime(nanoseconds: .max) - MonotonicTime(nanoseconds: -1) == .nanoseconds(Int64.max))
        #expect(MonotonicTime(nanoseconds: .min) - MonotonicTime(nanoseconds: 1) == .nanoseconds(Int64.min))
    }

    @Test func timeoutsOfALoop() {
        let now = MonotonicTime(nanoseconds: 1000)
        #expect((now + .nanoseconds(5)).timeoutNanoseconds(from: now) == 5)
        #expect(now.timeoutNanoseconds(from: now + .nanoseconds(5)) == 0)
        #expect(MonotonicTime.distantFuture.timeoutNanoseconds(from: now) == -1)
    }

    @Test func theClockDoesNotGoBack() {
        let first = MonotonicTime.now()
        let coarse = MonotonicTime.coarse()
        let last = MonotonicTime.now()
        #expect(first <= last)
        #expect(coarse <= last)
        #expect(first.nanoseconds > 0)
        #expect(coarse.nanoseconds > 0)
    }
}
