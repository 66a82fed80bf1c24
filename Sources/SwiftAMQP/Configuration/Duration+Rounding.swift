extension Duration {
    /// Whole seconds, rounded up; what is outside of 0...65535 becomes the nearest of the two.
    var secondsRoundedUp: UInt16 {
        // Compared first: the components of a very long duration trap.
        guard self > .zero else { return 0 }
        guard self <= .seconds(UInt16.max) else { return .max }
        return UInt16(clamping: components.seconds &+ (components.attoseconds > 0 ? 1 : 0))
    }

    /// Whole milliseconds, rounded up; what is outside of the range of the result becomes the nearest of its ends.
    var millisecondsRoundedUp: UInt32 {
        guard self > .zero else { return 0 }
        guard self <= .milliseconds(UInt32.max) else { return .max }
        let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
        let fraction = (components.attoseconds &+ attosecondsPerMillisecond &- 1) / attosecondsPerMillisecond
        return UInt32(clamping: components.seconds &* 1000 &+ fraction)
    }
}

extension AMQPConfiguration {
    /// The heartbeat as the protocol says it: whole seconds, rounded up; 0 for none.
    package var heartbeatSeconds: UInt16 { heartbeat.secondsRoundedUp }
}
