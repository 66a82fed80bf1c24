internal import AMQPTransport
internal import AMQPWire

extension ChannelCore {
    /// Sends a synchronous method and waits for its answer.
    ///
    /// - Throws: `.invalidArgument` or `.messageTooLarge` before anything is sent; the channel's or the connection's
    ///   end; `.timeout` at the deadline, which also ends the channel; `.cancelled`.
    func call(
        _ method: AMQPMethod, timeout: Duration? = nil, onSend: (@Sendable () -> Void)? = nil,
        onReply: (@Sendable (AMQPMethod) -> Void)? = nil
    ) async throws(AMQPError) -> RPC.Reply {
        let rpc = try makeRPC(method, timeout: timeout, onSend: onSend, onReply: onReply)
        try submit(rpc)
        return try await rpc.promise.value { [self] in cancel(rpc) }
    }

    /// As ``call(_:timeout:onSend:onReply:)`` for methods that are answered with a method.
    func callMethod(_ method: AMQPMethod, timeout: Duration? = nil) async throws(AMQPError) -> AMQPMethod {
        guard case .method(let reply) = try await call(method, timeout: timeout) else {
            throw AMQPError(.protocolViolation, "\(method.name) was answered with a message")
        }
        return reply
    }

    func makeRPC(
        _ method: AMQPMethod, timeout: Duration?, onSend: (@Sendable () -> Void)? = nil,
        onReply: (@Sendable (AMQPMethod) -> Void)? = nil
    ) throws(AMQPError) -> RPC {
        let frame: [UInt8]
        do throws(WireError) {
            frame = try FrameEncoder.frame(method, channel: id, maxFrameSize: connection.frameMax)
        } catch {
            throw AMQPError(error)
        }
        let deadline = MonotonicTime.coarse() + (timeout ?? connection.configuration.rpcTimeout)
        var tracksDelivery = false
        if case .basicGet(let get) = method { tracksDelivery = !get.noAck }
        return RPC(
            frame: frame, method: method.id, deadline: deadline.nanoseconds, tracksDelivery: tracksDelivery,
            onSend: onSend, onReply: onReply)
    }

    /// Puts an RPC into the queue; it is sent at once if nothing is under way.
    func submit(_ rpc: RPC) throws(AMQPError) {
        lock.lock()
        if let refusal = refusal() {
            lock.unlock()
            throw refusal
        }
        let actions = enqueue(rpc)
        lock.unlock()
        connection.perform(actions)
    }

    /// With the lock held.
    func enqueue(_ rpc: RPC) -> ConnectionCore.Actions {
        var actions = connection.noteDeadline(rpc.deadline)
        if rpcs.add(rpc) { actions.write = send(rpc) }
        actions.resumesReading = connection.mustResumeReading
        return actions
    }

    /// With the lock held.
    func send(_ rpc: RPC) -> SocketStream.WriteAction {
        rpc.frame.withUnsafeBytes { _ = stream.append($0) }
        rpc.onSend?()
        return stream.noteAppended(.immediate)
    }

    /// The task that waited was cancelled. An RPC that was not sent is taken back; the answer to one that was is
    /// dropped when it comes.
    func cancel(_ rpc: RPC) {
        lock.lock()
        let wasSent = rpc.state == .sent
        if rpc.state == .queued { _ = rpcs.withdraw(rpc) }
        lock.unlock()
        rpc.promise.complete(
            .failure(
                AMQPError(
                    .cancelled,
                    wasSent
                        ? "cancelled while waiting for the answer to \(rpc.method); the broker may have done it"
                        : "cancelled before \(rpc.method) was sent")))
    }

    /// The answer to an RPC came. Loop thread.
    func answer(_ method: AMQPMethod) throws(WireError) {
        try answer(method.id, name: method.name, onReply: method) { .method(method) }
    }

    /// The answer to an RPC came; the reply is made only if somebody asked. Loop thread.
    func answer(
        _ id: AMQPMethodID, name: String, onReply method: AMQPMethod?, reply: () -> RPC.Reply
    ) throws(WireError) {
        lock.lock()
        if case .closing = phase {
            lock.unlock()
            return
        }
        guard let (answered, next) = rpcs.answer(id) else {
            lock.unlock()
            throw WireError(.commandInvalid, "\(name) came on channel \(self.id), where nothing is answered by it")
        }
        if let method { answered.onReply?(method) }
        let write = next.map { send($0) } ?? .none
        lock.unlock()
        stream.perform(write)
        let answer = reply()
        if !answered.promise.complete(.success(answer)), case .message(.some(let delivery), _) = answer {
            // The task that asked was cancelled: nobody will settle what it got.
            try? delivery.nack(requeue: true)
        }
    }
}
