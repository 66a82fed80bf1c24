/// What a supervised client is in. A value that can be looked at any time: who looks late sees what is now.
public enum AMQPClientState: Sendable {
    /// Not connected yet: nothing has asked for a connection, or the first one has not come about.
    case connecting
    /// Connected, and everything that was declared is there.
    case open
    /// A connection was lost; the client is getting it back. Publishes wait.
    case recovering
    /// Connected, but some of what was declared could not be. It is tried again by itself, from time to time.
    case degraded([AMQPTopologyFailure])
    /// Connected, but the broker takes no publishes for the moment, for example because of a memory alarm; they wait.
    case blocked(reason: String)
    /// Being shut down: what was handed in is finished, nothing new is taken.
    case closing
    /// Ended, for good.
    case closed(AMQPError)

    /// Whether the client is connected and takes work.
    public var isUsable: Bool {
        switch self {
        case .open, .degraded, .blocked: true
        case .connecting, .recovering, .closing, .closed: false
        }
    }
}

extension AMQPClientState {
    /// Whether nothing that shows has changed.
    func isSame(as other: AMQPClientState) -> Bool {
        switch (self, other) {
        case (.connecting, .connecting), (.open, .open), (.recovering, .recovering), (.closing, .closing): true
        case (.blocked(let mine), .blocked(let theirs)): mine == theirs
        case (.degraded(let mine), .degraded(let theirs)):
            mine.elementsEqual(theirs) { $0.entity == $1.entity && $0.error.text == $1.error.text }
        default: false
        }
    }
}

extension AMQPClientState: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connecting: "connecting"
        case .open: "open"
        case .recovering: "recovering"
        case .degraded(let failures): "degraded (\(failures.map(\.entity.description).joined(separator: ", ")))"
        case .blocked(let reason): "blocked (\(reason))"
        case .closing: "closing"
        case .closed(let error): "closed (\(error))"
        }
    }
}

/// The states of a client, one after the other: the present one at once, then each that follows. Level-triggered: a slow
/// reader misses states in between, never the last one. Ends with the task, or after `closed`.
public struct AMQPClientStates: AsyncSequence, Sendable {
    let watched: Watched<AMQPClientState>

    public func makeAsyncIterator() -> Iterator { Iterator(watched: watched) }

    public struct Iterator: AsyncIteratorProtocol {
        let watched: Watched<AMQPClientState>
        var seen: UInt64 = 0

        public mutating func next() async -> AMQPClientState? {
            guard let (state, version) = await watched.next(after: seen) else { return nil }
            seen = version
            return state
        }
    }
}
