import Glibc

@testable import AMQPTransport

/// A started stream over one end of a socket pair; the other end is the test's. On a loop of its own unless given one.
final class StreamFixture: Sendable {
    let loop: EventLoop
    let stream: SocketStream
    let recorder = StreamRecorder()
    let peer: Int32
    private let ownsLoop: Bool
    private let peerIsOpen = Box(true)

    init(
        loop: EventLoop? = nil, sendBuffer: Int32? = nil, readCapacity: Int = 64 << 10, filter: (any ByteFilter)? = nil
    ) {
        let (own, other) = socketPair(sendBuffer: sendBuffer)
        self.loop = loop ?? EventLoop(name: "test-loop")
        ownsLoop = loop == nil
        peer = other
        stream = SocketStream(loop: self.loop, descriptor: own, readCapacity: readCapacity, filter: filter)
        _ = self.loop.sync { [stream, recorder] in (try? stream.start(delegate: recorder)) != nil }
    }

    deinit {
        closePeer()
        let (loop, stream, ownsLoop) = (loop, stream, ownsLoop)
        loop.execute {
            stream.close()
            if ownsLoop { loop.stop() }
        }
    }

    func closePeer() {
        if peerIsOpen.withLock({ isOpen in
            defer { isOpen = false }
            return isOpen
        }) {
            Socket.close(peer)
        }
    }

    /// Appends as a caller does, and does what the stream says. Gives what that was.
    @discardableResult
    func send(_ bytes: [UInt8], _ urgency: SocketStream.Urgency = .batched) -> SocketStream.WriteAction {
        let action = stream.lock.withLock {
            _ = bytes.withUnsafeBytes { stream.append($0) }
            return stream.noteAppended(urgency)
        }
        stream.perform(action)
        return action
    }

    var pending: UInt64 { stream.lock.withLock { stream.pending } }
    var isBlocked: Bool { stream.lock.withLock { stream.isBlocked } }

    /// Appends until the kernel takes no more. Gives how many bytes that took.
    func fill() -> Int {
        var count = 0
        while !isBlocked {
            send([UInt8](repeating: UInt8(truncatingIfNeeded: count >> 12), count: 4096), .immediate)
            count += 4096
        }
        return count
    }
}
