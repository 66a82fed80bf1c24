import Glibc

/// The broker's side of one connection, as the steps of a script see it. Its calls block, each until a deadline.
package final class FakeConnection {
    /// The number of the connection, counted from 0 in the order of accepting.
    package let number: Int
    /// Every frame received so far.
    package private(set) var frames: [WireFrame] = []

    let broker: FakeBrokerState
    private let descriptor: Int32
    private let timeout: Duration
    private var input: ArraySlice<UInt8> = []
    private var sawEnd = false

    init(descriptor: Int32, number: Int, timeout: Duration, broker: FakeBrokerState) {
        self.descriptor = descriptor
        self.number = number
        self.timeout = timeout
        self.broker = broker
        // A script that sends piece by piece means it.
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: Receiving

    /// The next bytes of the stream, exactly `count`.
    package func receive(_ count: Int) throws(HarnessError) -> [UInt8] {
        let deadline = Deadline.after(timeout)
        while input.count < count {
            guard try fill(until: deadline) else {
                throw HarnessError(.script, "the peer closed after \(input.count) of \(count) bytes")
            }
        }
        defer { input = input.dropFirst(count) }
        return Array(input.prefix(count))
    }

    package func expectProtocolHeader() throws(HarnessError) { try expectBytes(WireFrame.protocolHeader) }

    package func expectBytes(_ expected: [UInt8]) throws(HarnessError) {
        let received = try receive(expected.count)
        if received != expected { throw HarnessError(.script, "received \(received) instead of \(expected)") }
    }

    /// The next frame of any type; `nil` when the peer closed.
    package func nextFrame() throws(HarnessError) -> WireFrame? {
        let deadline = Deadline.after(timeout)
        while true {
            if let frame = try WireFrame.take(from: &input) {
                frames.append(frame)
                return frame
            }
            guard try fill(until: deadline) else { return nil }
        }
    }

    /// The next frame that is not a heartbeat, unless a heartbeat is asked for; it has to be of this type.
    @discardableResult
    package func expectFrame(_ type: UInt8) throws(HarnessError) -> WireFrame {
        while let frame = try nextFrame() {
            if frame.type == WireFrame.heartbeat && type != WireFrame.heartbeat { continue }
            if frame.type == type { return frame }
            throw HarnessError(.script, "expected a frame of type \(type), received \(frame)")
        }
        throw HarnessError(.script, "expected a frame of type \(type), but the peer closed")
    }

    /// The next frame that is not a heartbeat; it has to be this method, on this channel where one is given.
    @discardableResult
    package func expectMethod(_ id: WireMethodID, channel: UInt16? = nil) throws(HarnessError) -> WireMethod {
        let name = WireMethodCatalog.entries[id]?.name ?? "\(id.classID).\(id.methodID)"
        while let frame = try nextFrame() {
            if frame.type == WireFrame.heartbeat { continue }
            guard frame.type == WireFrame.method else {
                throw HarnessError(.script, "expected \(name), received \(frame)")
            }
            let method = try WireMethod(payload: frame.payload)
            guard method.id == id, channel == nil || channel == frame.channel else {
                let place = channel.map { " on channel \($0)" } ?? ""
                throw HarnessError(.script, "expected \(name)\(place), received \(frame)")
            }
            return method
        }
        throw HarnessError(.script, "expected \(name), but the peer closed")
    }

    /// A message: basic.publish with its header and body.
    @discardableResult
    package func expectPublish(channel: UInt16? = nil) throws(HarnessError) -> FakePublish {
        let method = try expectMethod(.basicPublish, channel: channel)
        let header = try WireContentHeader(payload: try expectFrame(WireFrame.header).payload)
        var body: [UInt8] = []
        while UInt64(body.count) < header.bodySize { body += try expectFrame(WireFrame.body).payload }
        return FakePublish(method: method, header: header, body: body)
    }

    /// The end of the stream or a reset. Frames before it are recorded.
    package func expectClose() throws(HarnessError) {
        let deadline = Deadline.after(timeout)
        while try fill(until: deadline) {}
        try recordRest()
    }

    // MARK: Sending

    package func send(_ bytes: [UInt8]) throws(HarnessError) {
        let deadline = Deadline.after(timeout)
        var rest = bytes[...]
        while !rest.isEmpty {
            try ready(POLLOUT, until: deadline, "the peer does not read")
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EAGAIN && errno != EINTR {
                throw HarnessError(.system(errno: errno), "the peer does not take what the script sends")
            }
        }
    }

    package func send(_ frames: WireFrame...) throws(HarnessError) { try send(frames.flatMap(\.bytes)) }

    /// Sends in pieces of `size` bytes.
    ///
    /// The peer's kernel joins pieces that nobody has read yet. The pause between them is no synchronisation: it only
    /// makes it likely that the peer wakes for each piece, and nothing may depend on it.
    package func sendChopped(_ bytes: [UInt8], every size: Int) throws(HarnessError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try send(Array(rest.prefix(max(size, 1))))
            rest = rest.dropFirst(max(size, 1))
            usleep(100)
        }
    }

    // MARK: Ending and waiting

    /// Whether something, or the end of the stream, comes within a while.
    package func hasInput(within duration: Duration) throws(HarnessError) -> Bool {
        if sawEnd || !input.isEmpty { return true }
        let descriptors = [(descriptor, POLLIN), (broker.stop.descriptor, POLLIN)]
        let ready = Poll.wait(for: descriptors, until: .exactly(duration))
        if ready.contains(broker.stop.descriptor) { throw HarnessError(.stopped, "the fake broker was stopped") }
        return !ready.isEmpty
    }

    /// Ends the outgoing stream: the peer sees an end of file, and may go on sending.
    package func closeFIN() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection so that the peer sees a reset.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        // The descriptor's number stays ours until the script ends; only what it stands for goes now.
        let nothing = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if nothing >= 0 {
            dup2(nothing, descriptor)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            close(nothing)
        }
        sawEnd = true
    }

    /// Neither reads nor writes until the signal, so that the peer's window may fill.
    package func hold(until signal: FakeSignal, within duration: Duration? = nil) throws(HarnessError) {
        let descriptors = [(signal.descriptor, POLLIN), (broker.stop.descriptor, POLLIN)]
        try stopOr(Poll.wait(for: descriptors, until: .after(duration ?? timeout)), "the signal was not fired")
    }

    /// Nothing but heartbeats may come for a while.
    package func expectNothing(for duration: Duration) throws(HarnessError) {
        let end = Deadline.exactly(duration)
        while true {
            while let frame = try WireFrame.take(from: &input) {
                frames.append(frame)
                if frame.type != WireFrame.heartbeat {
                    throw HarnessError(.script, "expected nothing, received \(frame)")
                }
            }
            let ready = Poll.wait(for: [(descriptor, POLLIN), (broker.stop.descriptor, POLLIN)], until: end)
            if ready.isEmpty { return }
            guard try fill(until: end) else { throw HarnessError(.script, "expected nothing, but the peer closed") }
        }
    }

    /// Lets real time pass, for what only real time shows: heartbeats, and peers that are slow.
    package func pause(milliseconds: Int) throws(HarnessError) {
        let stopped = Poll.wait(for: [(broker.stop.descriptor, POLLIN)], until: .exactly(.milliseconds(milliseconds)))
        if !stopped.isEmpty { throw HarnessError(.stopped, "the fake broker was stopped") }
    }

    /// Reads and records but writes nothing until the signal. The peer may close meanwhile.
    package func silence(until signal: FakeSignal, within duration: Duration? = nil) throws(HarnessError) {
        let deadline = Deadline.after(duration ?? timeout)
        while true {
            var descriptors = [(signal.descriptor, POLLIN), (broker.stop.descriptor, POLLIN)]
            if !sawEnd { descriptors.append((descriptor, POLLIN)) }
            let ready = Poll.wait(for: descriptors, until: deadline)
            try stopOr(ready, "the signal was not fired")
            if ready.contains(signal.descriptor) { return try recordRest() }
            _ = try fill(until: deadline)
        }
    }

    /// What happens when a script has ended: the stream ends, and the peer has a moment to see that and to close.
    ///
    /// Closing at once would reset the connection if the peer sends one more byte, and the reset may overtake what was
    /// sent before it.
    func finish() {
        closeFIN()
        let deadline = Deadline.after(.seconds(1))
        while !sawEnd, (try? fill(until: deadline)) == true {}
        try? recordRest()
        close(descriptor)
    }

    /// Reads what there is; false at the end of the stream. A reset is an end too.
    private func fill(until deadline: Deadline) throws(HarnessError) -> Bool {
        if sawEnd { return false }
        try ready(POLLIN, until: deadline, "nothing came from the peer")
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            input += buffer[..<count]
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            sawEnd = true
        }
        return !sawEnd
    }

    private func recordRest() throws(HarnessError) {
        while let frame = try WireFrame.take(from: &input) { frames.append(frame) }
    }

    private func ready(_ events: Int32, until deadline: Deadline, _ what: String) throws(HarnessError) {
        let descriptors = [(descriptor, events), (broker.stop.descriptor, POLLIN)]
        try stopOr(Poll.wait(for: descriptors, until: deadline), what)
    }

    private func stopOr(_ ready: [Int32], _ what: String) throws(HarnessError) {
        if ready.contains(broker.stop.descriptor) { throw HarnessError(.stopped, "the fake broker was stopped") }
        if ready.isEmpty { throw HarnessError(.timeout, "\(what) in time") }
    }
}

/// A message that a client published.
package struct FakePublish: Sendable {
    package var method: WireMethod
    package var header: WireContentHeader
    package var body: [UInt8]
}
