/// What the clients of a fake broker sent.
package struct FakeTranscript: Sendable {
    /// The frames of each connection, in the order in which the connections were accepted.
    package var connections: [[WireFrame]]

    /// The frames of all connections, one connection after the other.
    package var frames: [WireFrame] { connections.flatMap(\.self) }

    /// The frames in words, without heartbeats, whose number depends on the clock.
    package var log: [String] { frames.filter { $0.type != WireFrame.heartbeat }.map(\.description) }

    /// The methods of all connections, without what cannot be read.
    package var methods: [WireMethod] {
        frames.filter { $0.type == WireFrame.method }.compactMap { try? WireMethod(payload: $0.payload) }
    }
}
