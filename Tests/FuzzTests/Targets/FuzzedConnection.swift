import Glibc

@testable import AMQPTransport
@testable import AMQPWire
@testable import SwiftAMQP

/// A connection whose bytes come from a fuzzer. Its socket is one end of a pair whose other end reads nothing, and it is
/// on the loop's thread all its life.
final class FuzzedConnection {
    private static let password = "s3cretPassw0rd"
    private static let handshake = (try? Seeds.handshake()) ?? []

    let core: ConnectionCore
    private(set) var channel: ChannelCore?
    private let peer: Int32
    private var left: [UInt8] = []
    private var reads = 0
    private var requests: [RPC] = []
    private let publishes = CountingOwner()
    private var publishCount = 0
    private var consumers: [ConsumerCore] = []
    private var lastTags: [UInt64] = []
    private var appendedBefore: UInt64 = 0

    init(maximumBodySize: Int) throws {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw Finding("no pair of sockets: \(errno)") }
        peer = pair[1]
        var configuration = AMQPConfiguration(credentials: .plain(username: "svc", password: Self.password))
        configuration.heartbeat = .zero
        configuration.maximumInboundBodySize = maximumBodySize
        let stream = SocketStream(loop: LoopThread.loop, descriptor: pair[0])
        core = ConnectionCore(configuration: configuration, stream: stream, endpoint: "fuzz")
        try stream.start(delegate: core)
        core.run(core.machine.handle(.connected))
    }

    func closePeer() { Socket.close(peer) }

    // MARK: What is there before the hostile bytes

    func open() throws {
        take(Self.handshake)
        try hold(core.opened.outcome != nil && core.failure == nil, "a valid handshake fails")
    }

    /// Whether the program does something between the reads.
    var hasProgram: Bool { publishCount > 2 }

    /// Channel 1, as ``ConnectionCore/openChannel()`` makes it, without a task that waits.
    func openChannel(requests: Int, publishes: Int) throws {
        let id = try core.lock.withLock { core.channelIDs.allocate() }.orFail("no channel id")
        let channel = ChannelCore(id: id, connection: core)
        self.channel = channel
        core.lock.withLock { core.channels[id] = channel }
        try submit(.channelOpen, to: channel)
        take(try Seeds.frames([.channelOpenOK], channel: id))
        try hold(self.requests[0].promise.outcome != nil, "channel.open-ok was not taken")
        core.lock.withLock {
            channel.confirmMode = .on
            let limit = AMQPAcknowledgement.AutomaticLimit(maximumMessages: 4, maximumBytes: 1000)
            consume("c", .manual, slot: 1, channel)
            consume("auto", .automatic(bufferLimit: limit), slot: 2, channel)
        }
        for number in 0..<publishes {
            let submission = core.lock.withLock {
                channel.submitLocked(
                    AMQPMessage(body: Array("body".utf8), properties: AMQPProperties()),
                    .exchange("e", routingKey: "k"), isMandatory: true,
                    bodyHash: PublishFingerprint.bodyHash(Array("body".utf8)), deadline: .max, owner: self.publishes,
                    sequence: UInt64(number), mayWait: true, urgency: .batched)
            }
            core.perform(submission.actions)
            publishCount += 1
        }
        let methods: [AMQPMethod] = [
            .queueDeclare(.init(queue: "q")), .basicGet(.init(queue: "q", noAck: false)),
            .basicCancel(.init(consumerTag: "c")), .basicQoS(.init(prefetchSize: 0, prefetchCount: 1)),
            .queuePurge(.init(queue: "q")), .basicRecover(.init(requeue: true)), .queueDelete(.init(queue: "q")),
        ]
        for method in methods.prefix(requests) { try submit(method, to: channel) }
    }

    private func consume(
        _ tag: String, _ acknowledgement: AMQPAcknowledgement, slot: UnsettledTags.ConsumerSlot, _ channel: ChannelCore
    ) {
        let consumer = ConsumerCore(
            channel: channel, tag: tag, queue: "q", slot: slot, acknowledgement: acknowledgement, prefetch: 10)
        channel.consumers[tag] = consumer
        channel.consumerSlots.append(consumer)
        consumers.append(consumer)
        lastTags.append(0)
    }

    private func submit(_ method: AMQPMethod, to channel: ChannelCore) throws {
        let request = try channel.makeRPC(method, timeout: nil)
        requests.append(request)
        do throws(AMQPError) { try channel.submit(request) } catch { request.promise.complete(.failure(error)) }
    }

    // MARK: The hostile bytes

    /// - Parameter steps: What the program does after each of the first reads.
    func feed(_ stream: UnsafeRawBufferPointer, pieces: Pieces, steps: [Int]) throws {
        appendedBefore = core.lock.withLock { core.stream.appended }
        var pieces = pieces
        var steps = steps[...]
        var start = 0
        while start < stream.count, !core.hasEnded {
            let end = start + min(pieces.next(), stream.count - start)
            take(stream[start..<end])
            start = end
            try hold(
                left.count < max(core.splitter.maxFrameSize, 8), "\(left.count) bytes wait for the rest of a frame")
            try checkLimits(received: start)
            if let step = steps.popFirst() { try perform(step) }
        }
    }

    /// One read, as ``SocketStream`` does it, and the end of the loop's turn.
    private func take(_ bytes: some Sequence<UInt8>) {
        let came = Array(bytes)
        var inPlace = 0
        reads += 1
        if left.isEmpty, reads % 2 == 0, !core.hasEnded {
            core.streamWillRead { place in
                inPlace = min(place.count, came.count)
                place.copyBytes(from: came.prefix(inPlace))
                return inPlace
            }
        }
        left += came.dropFirst(inPlace)
        let used = withExactBytes(left) { core.hasEnded ? $0.count : core.streamDidRead($0) }
        left.removeFirst(min(used, left.count))
        if !core.hasEnded { _ = core.streamDidFinishReading(came.count) }
        _ = core.stream.flushOnLoop()
    }

    /// What this side holds and writes is in proportion to what came.
    private func checkLimits(received: Int) throws {
        let appended = core.lock.withLock { core.stream.appended } - appendedBefore
        // The shortest frame that is answered has 13 bytes (channel.flow), its answer as many; requests that waited go
        // out with an answer; the rest is one close.
        try hold(appended <= 2 * UInt64(received) + 1024, "\(received) bytes were answered with \(appended)")
        if let channel {
            let unsettled = core.lock.withLock { channel.unsettled.count }
            try hold(unsettled * 20 <= received, "\(unsettled) unsettled deliveries out of \(received) bytes")
        }
    }

    private func perform(_ step: Int) throws {
        guard let channel else { return }
        switch step % 8 {
        case 0, 1: try? channel.settle(UInt64(step / 8 % 4), .ack, multiple: step % 8 == 1)
        case 2: try? channel.settle(UInt64(step / 8 % 4), .reject(requeue: true), multiple: step & 64 != 0)
        case 3, 4: try drain()
        case 5: channel.requestClose()
        case 6: core.run(core.machine.handle(.closeRequested(replyCode: 200, text: "Goodbye")))
        default: break
        }
    }

    /// Takes what the consumers have, as their iterators do.
    private func drain() throws {
        for (index, consumer) in consumers.enumerated() {
            var batches: [DeliveryBatch] = []
            guard case .filled = consumer.refill(&batches) else { continue }
            for batch in batches {
                for (place, fields) in batch.fields.enumerated() where consumer.handOut(fields.deliveryTag) {
                    let isInOrder = !consumer.isTracked || fields.deliveryTag > lastTags[index]
                    try hold(isInOrder, "delivery \(fields.deliveryTag) behind \(lastTags[index])")
                    lastTags[index] = fields.deliveryTag
                    let body = batch.body(at: place)
                    try hold(
                        body.count == batch.bodySize(at: place) && body.count <= 1 << 20,
                        "a body of \(body.count) bytes")
                }
            }
        }
    }

    // MARK: The end

    /// Whatever happened: everything that somebody waits for has ended once.
    func end() throws {
        if let failure = core.failure {
            let codes: [AMQPError.Code] = [
                .protocolMismatch, .protocolViolation, .noCommonMechanism, .authenticationFailed, .virtualHostRefused,
                .connectionClosedByPeer,
            ]
            try hold(codes.contains(failure.code), "the server caused \(failure)")
            let text = "\(failure)"
            try hold(text.utf8.count < 2000, "an error text of \(text.utf8.count) bytes")
            let wasLoggedIn = channel != nil
            try hold(!wasLoggedIn || !text.utf8.holds(Self.password.utf8), "the password is shown")
        }
        core.stream.close()
        try hold(core.hasEnded && core.closed.outcome != nil && core.opened.outcome != nil, "it does not end")
        try hold(requests.allSatisfy { $0.promise.outcome != nil }, "a request was never answered")
        try hold(publishes.settled == Set(0..<UInt64(publishCount)), "publishes \(publishes.settled) have an outcome")
        try hold(publishes.repeated == 0, "\(publishes.repeated) publishes have two outcomes")
        try drain()
        for consumer in consumers {
            var none: [DeliveryBatch] = []
            guard case .ended = consumer.refill(&none) else { throw Finding("consumer \(consumer.tag) never ends") }
        }
    }
}

/// Counts how often each of its publishes was told how it ended.
private final class CountingOwner: PublishOwner, @unchecked Sendable {
    private(set) var settled: Set<UInt64> = []
    private(set) var repeated = 0

    override func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        if !settled.insert(sequence).inserted { repeated += 1 }
    }
}

extension Optional {
    fileprivate func orFail(_ text: String) throws -> Wrapped {
        guard let self else { throw Finding(text) }
        return self
    }
}

extension Collection<UInt8> {
    /// Whether `part` is somewhere in these bytes.
    func holds(_ part: some Collection<UInt8>) -> Bool {
        let all = Array(self)
        let part = Array(part)
        guard all.count >= part.count else { return false }
        return (0...(all.count - part.count)).contains { all[$0...].starts(with: part) }
    }
}
