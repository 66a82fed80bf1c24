/// A connected socket on a loop: an outbox that any thread appends to, and reads that arrive on the loop's thread.
///
/// Writing: a caller appends under ``lock``, then calls ``noteAppended(_:)`` and, after unlocking, ``perform(_:)``.
/// Either the loop writes in its next turn, or the caller writes by itself: when much has gathered, or when it will
/// wait for the answer and nothing else is under way.
///
/// - Invariant: `outbox`, `appended`, `written` and the flags behind them are guarded by `lock`, which is a leaf:
///   inside it there is no system call, no resumption, no other lock. `inflight` belongs to whoever holds the writer
///   token (`isWriting`). Only that one may write, and the descriptor is closed only with the token in hand, or a
///   caller could write into a reused descriptor. ``LoopState`` belongs to the loop's thread. That is why the class is
///   `@unchecked Sendable`.
package final class SocketStream: @unchecked Sendable {
    /// When to write.
    package enum Urgency: Sendable {
        /// Together with what follows.
        case batched
        /// At once if nothing is under way: somebody waits for the answer.
        case immediate
        /// By the loop, however much it is.
        case deferred
        /// With the flush that the loop has planned anyhow, if it has; otherwise as ``batched``.
        case planned
    }

    /// What to do after unlocking.
    package enum WriteAction: Sendable {
        case none, enqueue, write
    }

    package let loop: EventLoop
    /// The addresses of this side and of the peer, as text.
    package let addresses: (local: String, peer: String)
    package let lock = Lock()
    let descriptor: Int32
    let filter: (any ByteFilter)?

    // Guarded by `lock`.
    @exclusivity(unchecked) var outbox = OutboxBuffer()
    /// How many bytes were ever appended.
    @exclusivity(unchecked) package private(set) var appended: UInt64 = 0
    /// How many bytes the kernel has taken.
    @exclusivity(unchecked) package internal(set) var written: UInt64 = 0
    /// When the kernel last took one, in nanoseconds of the monotonic clock.
    @exclusivity(unchecked) package internal(set) var lastWrite: Int64
    /// Whether the stream was closed or broke; what is appended now is never written.
    @exclusivity(unchecked) package internal(set) var isClosed = false
    /// The writer token.
    @exclusivity(unchecked) var isWriting = false
    /// The kernel's buffer is full; the loop waits for it.
    @exclusivity(unchecked) var isBlocked = false
    /// The last byte ends the stream; whoever writes it must tell the loop.
    @exclusivity(unchecked) var closesWhenFlushed = false
    /// The loop has been asked to flush.
    @exclusivity(unchecked) var isDirty = false
    /// The loop will look by itself, soon, whether something waits.
    @exclusivity(unchecked) package var isFlushPlanned = false
    @exclusivity(unchecked) var roomMark: UInt64?
    @exclusivity(unchecked) var writeError: SystemError?
    @exclusivity(unchecked) var delegate: (any SocketStreamDelegate)?

    // Belongs to the holder of the writer token.
    @exclusivity(unchecked) var inflight = OutboxBuffer()

    // Belongs to the loop's thread.
    var state = LoopState()

    struct LoopState {
        var token: LoopToken?
        var interest: Epoll.Interest = .read
        var readBuffer: ReadBuffer?
        var isReadingPaused = false
        /// A timer will read.
        var isPaced = false
        var paceTimer: LoopTimer?
        /// The last read went to memory of the delegate.
        var expectsMoreInPlace = false
        var isListedForTrim = false
        var isFlushPlanned = false
        var closeReason: StreamCloseReason?
        var isFinished = false
        var filtered = FilterState()
    }

    /// What a filter has made and the socket or the owner has not taken yet.
    struct FilterState {
        var wire: [UInt8] = []
        var wireSent = 0
        /// How many plain bytes `wire` was made of.
        var plainInWire = 0
        var plain: [UInt8] = []
    }

    /// How large the read buffer is: some frames of the size that is usual with RabbitMQ (128 KiB).
    package let readCapacity: Int

    /// From this many waiting bytes on a caller writes by itself instead of leaving it to the loop.
    static let callerWriteThreshold: UInt64 = 32 << 10

    /// Takes over a connected, non-blocking descriptor. Call ``start(delegate:)`` on the loop's thread next.
    package init(
        loop: EventLoop, descriptor: Int32, readCapacity: Int = 256 << 10, filter: (any ByteFilter)? = nil
    ) {
        self.readCapacity = readCapacity
        self.loop = loop
        self.descriptor = descriptor
        self.filter = filter
        lastWrite = MonotonicTime.coarse().nanoseconds
        addresses = (
            Socket.localAddress(descriptor).map { "\($0)" } ?? "?",
            Socket.peerAddress(descriptor).map { "\($0)" } ?? "?"
        )
    }

    /// Begins to read. Loop thread only. A descriptor that cannot be watched is closed.
    package func start(delegate: any SocketStreamDelegate) throws(SystemError) {
        do throws(SystemError) {
            state.token = try loop.register(descriptor, .read, handler: self)
        } catch {
            lock.withLock { isClosed = true }
            state.isFinished = true
            Socket.close(descriptor)
            throw error
        }
        lock.withLock { self.delegate = delegate }
        // Something may have been appended, and may have filled the socket, before there was anybody to watch it.
        updateInterest()
        if let filter {
            filter.start(wire: &state.filtered.wire)
            _ = flushOnLoop()
        }
    }

    // MARK: Appending, with the lock held

    /// How many bytes the kernel may have: those it took, and those that a writer is handing to it right now.
    package var handedOver: UInt64 {
        isWriting ? appended &- UInt64(truncatingIfNeeded: outbox.remaining) : written
    }

    /// How many bytes wait for the kernel.
    package var pending: UInt64 { appended &- written }

    /// Room for a frame of `byteCount` bytes; fill it, then ``commit(_:)``. Empty if memory ran out.
    package func reserve(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        let room = outbox.reserve(byteCount)
        return room.count >= byteCount ? room : UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    package func commit(_ byteCount: Int) {
        outbox.commit(byteCount)
        appended &+= UInt64(truncatingIfNeeded: byteCount)
    }

    /// False if memory ran out; nothing was appended then.
    @discardableResult
    package func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard outbox.append(bytes) else { return false }
        appended &+= UInt64(truncatingIfNeeded: bytes.count)
        return true
    }

    /// The last `byteCount` bytes that were appended, to be changed where they are; empty if a writer has taken them.
    package func lastAppended(_ byteCount: Int) -> UnsafeMutableRawBufferPointer { outbox.last(byteCount) }

    /// Appends a part of a large body without copying it; the array is kept until the kernel has it.
    package func hold(_ bytes: [UInt8], _ range: Range<Int>) {
        outbox.hold(bytes, range)
        appended &+= UInt64(truncatingIfNeeded: range.count)
    }

    /// Asks for ``SocketStreamDelegate/streamHasRoom()`` once, when fewer than `mark` bytes wait.
    package func notifyWhenBelow(_ mark: UInt64) { roomMark = mark }

    /// Decides who writes what was appended.
    package func noteAppended(_ urgency: Urgency) -> WriteAction {
        if isWriting || isBlocked || isClosed { return .none }
        if urgency == .planned, isFlushPlanned, pending < Self.callerWriteThreshold { return .none }
        let isWorthACall = urgency == .immediate || pending >= Self.callerWriteThreshold
        if isWorthACall, urgency != .deferred, filter == nil, pending > 0 {
            takeWriterToken()
            return .write
        }
        if isDirty || pending == 0 { return .none }
        isDirty = true
        return .enqueue
    }

    /// With the lock held, and the token free.
    func takeWriterToken() {
        isWriting = true
        if inflight.isEmpty { swap(&outbox, &inflight) }
    }

    // MARK: After unlocking

    package func perform(_ action: WriteAction) {
        switch action {
        case .none: break
        case .enqueue: loop.enqueueDirty(self)
        case .write: _ = write(onLoop: false)
        }
    }
}
