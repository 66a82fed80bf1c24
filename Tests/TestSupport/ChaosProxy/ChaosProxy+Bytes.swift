// The byte layer: what can be done to connections without a look at what they carry.

extension ChaosProxy {
    /// Where connections that are accepted from now on lead to.
    package func setTarget(_ port: UInt16) async { await tell { core in core.target = port } }

    /// What becomes of connections that are accepted from now on.
    package func setAcceptance(_ acceptance: ProxyAcceptance) async { await tell { $0.acceptance = acceptance } }

    /// Closes the listener: the kernel refuses who connects. Connections that are up go on.
    package func refuse() async throws(HarnessError) {
        try await command { (core) throws(HarnessError) in try core.refuse() }
    }

    /// Listens again, on the same port.
    package func listen() async throws(HarnessError) {
        try await command { (core) throws(HarnessError) in try core.listen() }
    }

    /// Changes the shape of a direction, or of both, on one connection, or on all and on those to come.
    ///
    /// A direction that leaves a hole in which bytes were swallowed is reset: the stream cannot go on with a gap.
    package func shape(
        _ direction: FrameDirection? = nil, connection: Int? = nil,
        _ change: @escaping @Sendable (inout StreamShape) -> Void
    ) async {
        await tell { core in
            for direction in direction.map({ [$0] }) ?? FrameDirection.allCases {
                if connection == nil { change(&core.shapes[direction, default: StreamShape()]) }
                core.forEach(connection) { one in
                    let stream = one[direction]
                    var shape = stream.shape
                    change(&shape)
                    stream.setShape(shape)
                    if stream.hasSwallowed && !stream.isSwallowing { one.reset() }
                }
            }
        }
    }

    /// Inverts the next byte of a direction.
    package func corruptNext(_ direction: FrameDirection, connection: Int? = nil) async {
        await tell { core in core.forEach(connection) { $0[direction].corruptNext() } }
    }

    /// Has the kernel drop whatever comes from clients, as a network does that loses it all: nothing of it is acknowledged,
    /// not even what they receive. Connections that come later are not concerned.
    package func deafen(connection: Int? = nil) async {
        await tell { core in core.forEach(connection) { ProxySocket.deafen($0.client) } }
    }

    /// Resets connections on both sides, at once.
    package func reset(connection: Int? = nil) async { await tell { core in core.forEach(connection) { $0.reset() } } }

    /// Ends connections on both sides in good order, but without a word of the protocol.
    package func finish(connection: Int? = nil) async {
        await tell { core in
            let now = MonotonicClock.now()
            core.forEach(connection) { $0.finish(now: now) }
        }
    }

    /// Takes every fault back: shapes, holds, silence, refusal, and rules. Connections that have lost bytes in a hole,
    /// and those that lead nowhere, are reset; the others go on where they were.
    package func heal() async throws(HarnessError) {
        try await command { (core) throws(HarnessError) in
            core.shapes = [:]
            core.acceptance = .forward
            core.removeRules()
            core.forEach(nil) { $0.heal() }
            try core.listen()
        }
    }
}

extension ProxyCore {
    /// The connection with this number, if it lives, or all that live.
    func forEach(_ number: Int?, _ body: (ProxyConnection) -> Void) {
        for connection in connections
        where connection.state == .live && number ?? connection.number == connection.number { body(connection) }
    }
}

extension ProxyConnection {
    func heal() {
        for stream in streams {
            stream.isSealed = false
            stream.setShape(StreamShape())
            stream.queue.open()
        }
        if server < 0 || streams.contains(where: \.hasSwallowed) { reset() }
    }
}
