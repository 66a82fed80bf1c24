import Glibc

/// A client's connection and the one to the server behind it. Belongs to the proxy's thread.
final class ProxyConnection {
    /// How long an ended connection waits for its peers to see the end before it closes: closing over unread bytes
    /// would turn the end into a reset.
    private static let lingerTime: UInt64 = 2_000_000_000

    enum State: Equatable {
        case live
        /// Both sides were sent a FIN.
        case lingering(until: UInt64)
        case closed
    }

    let number: Int
    let client: Int32
    /// -1 where nobody is behind the proxy.
    let server: Int32
    private(set) var state = State.live
    private(set) var isConnecting: Bool
    let clientToServer: ProxyStream
    let serverToClient: ProxyStream

    init(
        number: Int, client: Int32, server: Int32, shapes: [FrameDirection: StreamShape], seed: UInt64
    ) {
        self.number = number
        self.client = client
        self.server = server
        isConnecting = server >= 0
        var seeds = SeededGenerator(seed: seed &+ UInt64(number) &* 0x2545_F491_4F6C_DD1D)
        clientToServer = ProxyStream(
            .clientToServer, shape: shapes[.clientToServer] ?? StreamShape(), seed: seeds.next())
        serverToClient = ProxyStream(
            .serverToClient, shape: shapes[.serverToClient] ?? StreamShape(), seed: seeds.next())
        if server < 0 {
            clientToServer.isSealed = true
            serverToClient.close()
        }
    }

    subscript(_ direction: FrameDirection) -> ProxyStream {
        direction == .clientToServer ? clientToServer : serverToClient
    }

    var streams: [ProxyStream] { [clientToServer, serverToClient] }

    private func source(_ direction: FrameDirection) -> Int32 { direction == .clientToServer ? client : server }
    private func sink(_ direction: FrameDirection) -> Int32 { direction == .clientToServer ? server : client }

    /// What to poll the two sockets for.
    var interest: (client: Int32, server: Int32) {
        switch state {
        case .closed: return (0, 0)
        case .lingering:
            return (clientToServer.sourceHasEnded ? 0 : POLLIN, serverToClient.sourceHasEnded ? 0 : POLLIN)
        case .live:
            if isConnecting { return (clientToServer.wantsRead ? POLLIN : 0, POLLOUT) }
            let client = (clientToServer.wantsRead ? POLLIN : 0) | (serverToClient.isBlocked ? POLLOUT : 0)
            let server = (serverToClient.wantsRead ? POLLIN : 0) | (clientToServer.isBlocked ? POLLOUT : 0)
            return (client, server)
        }
    }

    /// A connect has come to its end. The client sees a failure as a reset: it has been accepted already.
    func connected() {
        isConnecting = false
        if ProxySocket.hasFailed(server) { return reset() }
        ProxySocket.sendAtOnce(server)
    }

    /// Reads once from the source of a direction; the bytes go to `receive`.
    func read(
        _ direction: FrameDirection, _ buffer: inout [UInt8], now: UInt64, _ receive: (ArraySlice<UInt8>) -> Void
    ) {
        let stream = self[direction]
        guard state != .closed, !stream.sourceHasEnded else { return }
        switch ProxySocket.receive(source(direction), &buffer) {
        case .count(let count): if state == .live { receive(buffer[..<count]) }
        case .wouldBlock: return
        case .end: stream.sourceEnded(.halfClose, now: now)
        case .failed: stream.sourceEnded(.reset, now: now)
        }
    }

    /// Writes what is due in a direction. Returns when there is more to do without an event of a socket.
    func flush(_ direction: FrameDirection, now: UInt64) -> UInt64? {
        let stream = self[direction]
        stream.isBlocked = false
        while state == .live && !stream.sinkIsDead && !stream.isFinished && stream.shape.hole == nil {
            if direction == .clientToServer && isConnecting { return nil }
            switch stream.queue.next(now: now, shape: stream.shape) {
            case .idle: return nil
            case .wait(let until): return until
            case .end(let end):
                self.end(end, direction, now: now)
                return nil
            case .send(let bytes):
                switch ProxySocket.send(sink(direction), bytes) {
                case .count(let count):
                    let isChopped = stream.queue.isChopped(shape: stream.shape)
                    stream.queue.sent(count)
                    // The reader gets a chance to see this piece alone.
                    if isChopped { return stream.queue.isEmpty ? nil : now }
                case .wouldBlock, .end:
                    stream.isBlocked = true
                    return nil
                case .failed:
                    stream.sinkDied()
                    self[direction.opposite].sourceWasReset = true
                }
            }
        }
        return nil
    }

    func end(_ end: StreamEnd, _ direction: FrameDirection, now: UInt64) {
        switch end {
        case .reset: reset()
        case .finish: finish(now: now)
        case .halfClose:
            shutdown(sink(direction), Int32(SHUT_WR))
            self[direction].queue.removeAll()
            self[direction].isFinished = true
        }
    }

    func reset() {
        if state == .closed { return }
        state = .closed
        ProxySocket.reset(client)
        ProxySocket.reset(server)
    }

    func finish(now: UInt64) {
        guard state == .live else { return }
        for descriptor in [client, server] where descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
        state = .lingering(until: now + Self.lingerTime)
    }

    /// Closes where everything has been said. Returns when to look again.
    func settle(now: UInt64) -> UInt64? {
        switch state {
        case .closed: return nil
        case .live:
            if clientToServer.isFinished && serverToClient.isFinished { close() }
            return nil
        case .lingering(let until):
            if now < until && !(clientToServer.sourceHasEnded && serverToClient.sourceHasEnded) { return until }
            close()
            return nil
        }
    }

    private func close() {
        state = .closed
        Glibc.close(client)
        if server >= 0 { Glibc.close(server) }
    }
}
