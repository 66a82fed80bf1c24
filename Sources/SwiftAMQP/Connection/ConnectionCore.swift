internal import AMQPTransport
internal import AMQPWire

/// One connection, from its connected socket to its end: the driver between the state machines, the socket stream and
/// those who wait.
///
/// - Invariant: the members under "guarded" are guarded by `lock`, the outbox lock; those under "loop" belong to the
///   loop's thread; the rest is constant once the handshake is over, which is before any channel exists. That is why the
///   class is `@unchecked Sendable`.
final class ConnectionCore: @unchecked Sendable {
    enum Phase {
        case handshaking
        case open
        /// This side closes: nothing new is taken, what is under way may still be answered.
        case closing
        case closed(AMQPError)
    }

    /// What is left to do when the lock has been released.
    struct Actions {
        var write = SocketStream.WriteAction.none
        var armsTimer = false
        var resumesReading = false
        /// The caller has published for a while without suspending.
        var isTimeToYield = false

        /// Whether nothing is left to do; to yield is up to the caller.
        @inline(__always)
        var isEmpty: Bool {
            guard case .none = write else { return false }
            return !armsTimer && !resumesReading
        }

        /// Takes over what is left to do besides writing.
        mutating func merge(_ other: Actions) {
            armsTimer = armsTimer || other.armsTimer
            resumesReading = resumesReading || other.resumesReading
            isTimeToYield = isTimeToYield || other.isTimeToYield
        }
    }

    let configuration: AMQPConfiguration
    let endpoint: String
    let loop: EventLoop
    let stream: SocketStream
    var lock: Lock { _read { yield stream.lock } }
    let outboundLimit: UInt64
    /// Nanoseconds.
    let publishTimeout: Int64
    let maximumBodySize: Int

    /// Completed when the connection is open, or will never be.
    let opened = Promise<Void>()
    /// Completed with why the connection ended.
    let closed = Promise<AMQPError>()
    let events = EventBuffer<AMQPConnectionEvent>(capacity: 256)
    let bodies = BodyPool()

    // Constant once the handshake is over.
    @exclusivity(unchecked) private(set) var frameMax = WireLimits.minFrameSize
    private(set) var serverProperties = AMQPTable()
    private(set) var tuned = ConnectionStateMachine.Tuned(channelMax: 0, frameMax: 4096, heartbeat: 0)

    // Guarded.
    @exclusivity(unchecked) var phase = Phase.handshaking
    /// The broker's words, while it blocks publishes.
    @exclusivity(unchecked) var blockedReason: String?
    var channelIDs = ChannelIDAllocator(highest: 0)
    @exclusivity(unchecked) var channels: [UInt16: ChannelCore] = [:]
    /// Channels with publishes that wait for room.
    @exclusivity(unchecked) var waitingChannels: [ChannelCore] = []
    @exclusivity(unchecked) private var armedDeadline = Int64.max
    /// Auto-ack consumers are full, and the loop does not read.
    @exclusivity(unchecked) var isReadingPaused = false
    var secretUpdates = FIFO<SecretUpdate>()
    /// What `connection.update-secret` told the broker: the last few, since the ones before have expired.
    private var laterSecrets: [String] = []
    /// `connection.close` is in the stream: what follows it is ignored by the broker.
    @exclusivity(unchecked) var isCloseSent = false

    /// Deliveries come in quick succession. Written on the loop's thread only.
    @exclusivity(unchecked) var isStreaming = false

    // Loop.
    /// When deliveries were last handed out.
    @exclusivity(unchecked) var lastHandOut: Int64 = 0
    @exclusivity(unchecked) var pacing = ReadPacing()
    /// What this turn of reads has brought; for ``pacing``.
    @exclusivity(unchecked) var turnDeliveries = 0
    @exclusivity(unchecked) var turnRoom = Int.max
    @exclusivity(unchecked) var isTurnPure = true
    /// Deliveries that follow each other within this are a stream.
    static let streamGap: Int64 = 1_000_000
    var machine: ConnectionStateMachine
    @exclusivity(unchecked) var splitter = FrameSplitter()
    let decoder = WireDecoder()
    @exclusivity(unchecked) var heartbeat = HeartbeatMonitor(timeout: 0, now: 0)
    var heartbeatTimer: LoopTimer?
    var closeTimer: LoopTimer?
    var closeDeadline = MonotonicTime.distantFuture
    var deadlineTimer: LoopTimer?
    /// Timers hold this object - a weak reference would make every retain of it slow - and are not set any more.
    var hasEnded = false
    /// The channel that the last frame was for.
    @exclusivity(unchecked) var lastChannel: ChannelCore?
    /// The channel of a body frame of which a part was taken, and the rest is still to come.
    @exclusivity(unchecked) var unfinishedBody: ChannelCore?
    /// The ids of channels that the broker has closed. It may deliver to them until it reads our close-ok.
    var idsClosedByBroker: Set<UInt16> = []
    @exclusivity(unchecked) var touchedChannels: [ChannelCore] = []
    @exclusivity(unchecked) private var wakeups = Wakeups()
    /// Why this side ends the connection, where it does.
    @exclusivity(unchecked) var failure: AMQPError?
    /// Whether a byte of the server has been seen.
    @exclusivity(unchecked) var hasHeard = false

    init(configuration: AMQPConfiguration, stream: SocketStream, endpoint: String) {
        self.configuration = configuration
        self.stream = stream
        self.endpoint = endpoint
        loop = stream.loop
        outboundLimit = UInt64(clamping: configuration.outboundBufferLimit)
        maximumBodySize = configuration.maximumInboundBodySize
        publishTimeout = configuration.publishTimeout.saturatingNanoseconds
        machine = ConnectionStateMachine(
            offer: .init(
                username: configuration.credentials.username, password: configuration.credentials.password,
                virtualHost: configuration.virtualHost, clientProperties: ClientProperties.make(for: configuration),
                channelMax: configuration.channelMax, frameMax: configuration.frameMax,
                heartbeat: configuration.heartbeatSeconds))
        // Until both sides have agreed, the server may send as much as this side will offer to take.
        splitter.maxFrameSize = Int(clamping: configuration.frameMax)
        splitter.channelMax = 0
    }

    // MARK: With the lock held

    /// Why nothing new can be done, if it cannot.
    func refusal() -> AMQPError? {
        switch phase {
        case .open where isCloseSent: AMQPError(.closed, "the connection is being closed", endpoint: endpoint)
        case .open: nil
        case .handshaking: AMQPError(.closed, "the connection is not open yet", endpoint: endpoint)
        case .closing: AMQPError(.closed, "the connection is being closed by this program", endpoint: endpoint)
        case .closed(let error): error
        }
    }

    var notSentReason: AMQPPublishOutcome.Reason {
        switch phase {
        case .open: .channelClosed
        case .handshaking, .closing, .closed: .connectionClosed
        }
    }

    /// How many bytes the frames of a body take.
    func framedSize(ofBody size: Int) -> Int {
        let largest = frameMax - WireLimits.frameOverhead
        let frames = size / largest + (size % largest == 0 ? 0 : 1)
        return size + frames * WireLimits.frameOverhead
    }

    /// Sees to it that a timer fires at `deadline` or before.
    func noteDeadline(_ deadline: Int64) -> Actions {
        guard deadline < armedDeadline else { return Actions() }
        armedDeadline = deadline
        return Actions(armsTimer: true)
    }

    /// A publish of `channel` waits for room.
    func noteWaiting(_ channel: ChannelCore) {
        if !waitingChannels.contains(where: { $0 === channel }) { waitingChannels.append(channel) }
        stream.notifyWhenBelow(max(1, outboundLimit / 2))
    }

    /// Whether somebody waits for an answer while the loop does not read.
    var mustResumeReading: Bool { isReadingPaused && awaitsAnswer }

    /// Whether anything on this connection waits for an answer of the broker.
    var awaitsAnswer: Bool {
        if case .closing = phase { return true }
        if secretUpdates.first?.isAwaited == true { return true }
        return channels.values.contains { channel in
            if case .closing = channel.phase { return true }
            return !channel.rpcs.isEmpty || !channel.isFlushed
        }
    }

    /// Appends a method that the codec cannot refuse (its strings are ours, or cut to fit).
    func appendMethod(_ method: AMQPMethod, channel: UInt16) {
        let room = stream.reserve(FrameEncoder.maxEncodedSize(of: method))
        let maximum = frameMax
        if let count = try? FrameEncoder.encode(method, channel: channel, into: room, maxFrameSize: maximum) {
            stream.commit(count)
        }
    }

    // MARK: Without the lock

    /// The server's words, without an echo of the password or of a later secret.
    func masked(_ text: String) -> String {
        let later = lock.withLock { laterSecrets }
        return later.reduce(text.masking(configuration.credentials.password)) { $0.masking($1) }
    }

    /// With the lock held: the broker is about to learn another secret.
    func noteSecret(_ secret: String) { laterSecrets = laterSecrets.suffix(3) + [secret] }

    @inline(__always)
    func perform(_ actions: Actions) {
        stream.perform(actions.write)
        if actions.armsTimer { loop.execute { [self] in armDeadlineTimer() } }
        if actions.resumesReading { resumeReading() }
    }

    /// Sends a method of this side, soon.
    func send(_ method: AMQPMethod, channel: UInt16, urgency: SocketStream.Urgency = .batched) {
        lock.lock()
        appendMethod(method, channel: channel)
        let action = stream.noteAppended(urgency)
        lock.unlock()
        stream.perform(action)
    }

    func send(_ bytes: [UInt8]) {
        lock.lock()
        bytes.withUnsafeBytes { _ = stream.append($0) }
        let action = stream.noteAppended(.immediate)
        lock.unlock()
        stream.perform(action)
    }

    /// Room appeared, or the broker takes publishes again: those who waited go on, channel by channel.
    func admitWaiting() {
        var wakeups = Wakeups()
        lock.lock()
        let channels = waitingChannels
        waitingChannels = []
        for channel in channels {
            channel.admitWaiting(&wakeups)
            if !channel.waiting.isEmpty { noteWaiting(channel) }
        }
        // The next time another channel comes first.
        if waitingChannels.count > 1 { waitingChannels.append(waitingChannels.removeFirst()) }
        // Not by this thread: it may be in the middle of writing, and would write for all the others.
        let action = stream.noteAppended(.deferred)
        lock.unlock()
        stream.perform(action)
        wakeups.run()
    }

    // MARK: On the loop's thread

    /// A reusable set of wake-ups, so that an ack costs no allocation.
    func takeWakeups() -> Wakeups {
        var taken = Wakeups()
        swap(&taken, &wakeups)
        return taken
    }

    func giveBack(_ used: Wakeups) { wakeups = used }

    private func armDeadlineTimer() {
        lock.lock()
        let deadline = armedDeadline
        lock.unlock()
        if let deadlineTimer { loop.cancel(deadlineTimer) }
        deadlineTimer = nil
        guard deadline != .max, !hasEnded else { return }
        deadlineTimer = loop.schedule(at: MonotonicTime(nanoseconds: deadline)) { [self] in deadlinesPassed() }
    }

    private func deadlinesPassed() {
        let now = MonotonicTime.now().nanoseconds
        var wakeups = takeWakeups()
        lock.lock()
        var next = Int64.max
        for channel in channels.values { next = min(next, channel.expire(now: now, &wakeups)) }
        armedDeadline = next
        let action = stream.pending > 0 ? stream.noteAppended(.batched) : .none
        lock.unlock()
        stream.perform(action)
        wakeups.run()
        giveBack(wakeups)
        armDeadlineTimer()
    }

    /// Takes over what both sides agreed on.
    func tune(_ agreed: ConnectionStateMachine.Tuned) {
        splitter.maxFrameSize = Int(clamping: agreed.frameMax)
        splitter.channelMax = agreed.channelMax
        lock.lock()
        tuned = agreed
        frameMax = Int(clamping: agreed.frameMax)
        channelIDs = ChannelIDAllocator(highest: agreed.channelMax)
        lock.unlock()
        startHeartbeats(timeout: agreed.heartbeat)
    }

    func open(serverProperties: AMQPTable) {
        lock.lock()
        self.serverProperties = serverProperties
        phase = .open
        lock.unlock()
        if let closeTimer { loop.cancel(closeTimer) }
        closeTimer = nil
        closeDeadline = .distantFuture
        opened.complete(.success(()))
    }
}
