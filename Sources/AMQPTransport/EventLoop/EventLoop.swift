/// One thread that waits for many sockets: epoll, an eventfd to be woken by, and a timer heap.
///
/// A connection lives on one loop, and everything that the loop calls runs on its thread. Nothing on it may wait.
/// A process has ``shared`` and may make more; 1,000 connections need no more threads than one.
///
/// - Invariant: `jobs`, `dirty`, `isAsleep`, `isStopping` and `failure` are guarded by `lock`; everything from
///   `timers` on belongs to the loop's thread. That is why the class is `@unchecked Sendable`.
package final class EventLoop: @unchecked Sendable {
    /// The loop of everything that asks for no other. One that could not start is not kept: the next caller tries
    /// again.
    package static var shared: EventLoop { SharedLoop.instance.get() }

    /// After it has written, the loop lets this much time pass before it writes again, and comes back by itself: so a
    /// stream of publishes becomes a stream of full buffers, instead of a wake-up and a system call each.
    package static let lingerNanoseconds: Int64 = 50_000

    /// Why the loop could not start (out of descriptors or of threads); connecting on it fails with this.
    package var startError: SystemError? { lock.withLock { failure } }

    /// How soon a planned flush comes.
    private static let plannedFlushNanoseconds: Int64 = 1_000_000

    /// How long after its last activity a connection gives its buffers back.
    private static let trimAfterNanoseconds: Int64 = 1_000_000_000

    private let descriptors: Descriptors?

    private let lock = Lock()
    @exclusivity(unchecked) private var jobs: [@Sendable () -> Void] = []
    @exclusivity(unchecked) private var dirty: [any LoopFlushable] = []
    /// Whether the loop waits for the eventfd: whoever leaves something must then signal it.
    @exclusivity(unchecked) private var isAsleep = false
    private var isStopping = false
    private var failure: SystemError?

    @exclusivity(unchecked) private var timers = TimerHeap()
    @exclusivity(unchecked) private var sources: [Source?] = []
    private var freeSlots: [Int] = []
    private var generation: UInt32 = 0
    /// When the loop may flush again; 0 if it may at once.
    @exclusivity(unchecked) private var nextFlush: Int64 = 0
    /// What is flushed at `nextPlanned`.
    @exclusivity(unchecked) private var planned: [any LoopFlushable] = []
    @exclusivity(unchecked) private var nextPlanned: Int64 = 0
    var readBuffers = ReadBufferPool()
    /// Who may hold buffers that nobody uses.
    private var recentlyActive: [any LoopFlushable] = []
    private var lastTrim: Int64 = 0
    /// What was left last time, kept for its storage.
    @exclusivity(unchecked) private var runningJobs: [@Sendable () -> Void] = []
    @exclusivity(unchecked) private var runningDirty: [any LoopFlushable] = []

    /// Starts a loop with a thread of its own. It ends with ``stop()``.
    package init(name: String) {
        do throws(SystemError) {
            descriptors = try Descriptors()
        } catch {
            descriptors = nil
            failure = error
            return
        }
        do throws(SystemError) {
            try Thread.startDetached(name: name) { [self] in run() }
        } catch {
            lock.withLock { failure = error }
        }
    }

    /// Ends the thread once it has done what it was given. Connections on it must be closed before.
    package func stop() {
        lock.lock()
        isStopping = true
        let wake = takeAsleep()
        lock.unlock()
        if wake { descriptors?.wakeUp.signal() }
    }

    // MARK: From any thread

    /// Runs `job` on the loop's thread, after what was given before.
    package func execute(_ job: @escaping @Sendable () -> Void) {
        lock.lock()
        jobs.append(job)
        let wake = takeAsleep()
        lock.unlock()
        if wake { descriptors?.wakeUp.signal() }
    }

    /// Asks the loop to flush `flushable`: at once when it sleeps, else in its next turn.
    func enqueueDirty(_ flushable: any LoopFlushable) {
        lock.lock()
        dirty.append(flushable)
        let wake = takeAsleep()
        lock.unlock()
        if wake { descriptors?.wakeUp.signal() }
    }

    /// With the lock held: whether the loop must be woken, which only the first one to ask has to do.
    private func takeAsleep() -> Bool {
        let wake = isAsleep
        isAsleep = false
        return wake
    }

    // MARK: On the loop's thread

    /// Runs `action` at `deadline` or a little later. Loop thread only.
    package func schedule(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> LoopTimer {
        timers.insert(at: deadline, action)
    }

    /// Takes a timer back; one that has run already is ignored. Loop thread only.
    package func cancel(_ timer: LoopTimer) { timers.cancel(timer) }

    /// Watches a descriptor. Loop thread only.
    func register(_ fd: Int32, _ interest: Epoll.Interest, handler: any LoopSource) throws(SystemError) -> LoopToken {
        guard let descriptors else { throw failure ?? SystemError(errno: 0, call: "epoll_create1") }
        generation &+= 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = sources.count
            sources.append(nil)
        }
        let token = LoopToken(slot: slot, generation: generation)
        do throws(SystemError) {
            try descriptors.epoll.add(fd, token: token.rawValue, interest)
        } catch {
            freeSlots.append(slot)
            throw error
        }
        sources[slot] = Source(handler: handler, generation: generation)
        return token
    }

    /// Changes what is waited for. Loop thread only.
    func modify(_ fd: Int32, _ token: LoopToken, _ interest: Epoll.Interest) {
        // It can fail only for a descriptor that is not registered, which our own bookkeeping excludes.
        try? descriptors?.epoll.modify(fd, token: token.rawValue, interest)
    }

    /// Stops watching a descriptor; call before closing it. Loop thread only.
    func deregister(_ fd: Int32, _ token: LoopToken) {
        guard token.slot < sources.count, sources[token.slot]?.generation == token.generation else { return }
        sources[token.slot] = nil
        freeSlots.append(token.slot)
        try? descriptors?.epoll.remove(fd)
    }

    /// Asks for a ``LoopFlushable/flushAsPlanned()`` within a millisecond. Loop thread only.
    func planFlush(_ flushable: any LoopFlushable) {
        if planned.isEmpty { nextPlanned = MonotonicTime.now().nanoseconds + Self.plannedFlushNanoseconds }
        planned.append(flushable)
    }

    /// Asks for a ``LoopFlushable/trimOnLoop()`` in about a second. Loop thread only.
    func trimLater(_ flushable: any LoopFlushable) {
        if recentlyActive.isEmpty { lastTrim = MonotonicTime.coarse().nanoseconds }
        recentlyActive.append(flushable)
    }

    // MARK: The loop

    private func run() {
        guard let descriptors else { return }
        Thread.setTimerSlack(nanoseconds: 1_000)
        var events = EpollEvents(capacity: 256)
        while true {
            runInbox()
            runTimers()
            runPlanned()
            guard let timeout = prepareToWait() else { return }
            do throws(SystemError) {
                try descriptors.epoll.wait(into: &events, timeoutNanoseconds: timeout)
            } catch {
                // Nothing but a broken descriptor of our own could do this; going on would spin.
                return
            }
            dispatch(events)
            trimIfDue()
        }
    }

    /// Runs what other threads left; flushes only when the last flush is long enough ago.
    private func runInbox() {
        lock.lock()
        swap(&jobs, &runningJobs)
        let mayFlush = !dirty.isEmpty && (nextFlush == 0 || MonotonicTime.now().nanoseconds >= nextFlush)
        if mayFlush { swap(&dirty, &runningDirty) }
        lock.unlock()
        if !runningJobs.isEmpty {
            for job in runningJobs { job() }
            runningJobs.removeAll(keepingCapacity: runningJobs.count <= 256)
        }
        guard mayFlush else { return }
        var wrote = false
        for flushable in runningDirty where flushable.flushOnLoop() { wrote = true }
        runningDirty.removeAll(keepingCapacity: runningDirty.count <= 256)
        nextFlush = wrote ? MonotonicTime.now().nanoseconds + Self.lingerNanoseconds : 0
    }

    private func runPlanned() {
        guard !planned.isEmpty, MonotonicTime.now().nanoseconds >= nextPlanned else { return }
        planned.removeAll { !$0.flushAsPlanned() }
        nextPlanned = MonotonicTime.now().nanoseconds + Self.plannedFlushNanoseconds
    }

    private func runTimers() {
        guard let earliest = timers.earliest else { return }
        let now = MonotonicTime.now()
        guard earliest <= now else { return }
        while let action = timers.popDue(now: now) { action() }
    }

    /// How long to wait, or `nil` to end. Going to sleep is: set the flag, look again, wait.
    private func prepareToWait() -> Int64? {
        let now = MonotonicTime.now()
        var untilTimer = timers.earliest.map { $0.timeoutNanoseconds(from: now) } ?? -1
        if !planned.isEmpty {
            let untilPlanned = max(0, nextPlanned - now.nanoseconds)
            untilTimer = untilTimer < 0 ? untilPlanned : min(untilTimer, untilPlanned)
        }
        let untilFlush = max(0, nextFlush - now.nanoseconds)
        lock.lock()
        defer { lock.unlock() }
        guard jobs.isEmpty else { return 0 }
        if untilFlush > 0 {
            // Who appends now need not wake the loop.
            return untilTimer < 0 ? untilFlush : min(untilTimer, untilFlush)
        }
        guard dirty.isEmpty else { return 0 }
        if isStopping { return nil }
        nextFlush = 0
        isAsleep = true
        if !recentlyActive.isEmpty, untilTimer < 0 || untilTimer > Self.trimAfterNanoseconds {
            return Self.trimAfterNanoseconds
        }
        return untilTimer
    }

    /// Gives buffers back about once a second; who is still active is put on the list again.
    private func trimIfDue() {
        guard !recentlyActive.isEmpty else { return }
        let now = MonotonicTime.coarse().nanoseconds
        guard now - lastTrim >= Self.trimAfterNanoseconds else { return }
        lastTrim = now
        let listed = recentlyActive
        recentlyActive.removeAll(keepingCapacity: listed.count <= 256)
        for flushable in listed { flushable.trimOnLoop() }
    }

    /// Calls the sources that are ready.
    private func dispatch(_ events: borrowing EpollEvents) {
        guard let descriptors else { return }
        lock.withLock { isAsleep = false }
        for index in 0..<events.count {
            guard let event = events[index] else { break }
            if event.token == Self.wakeToken {
                descriptors.wakeUp.drain()
                continue
            }
            let token = LoopToken(rawValue: event.token)
            guard token.slot < sources.count, let source = sources[token.slot], source.generation == token.generation
            else { continue }
            source.handler.handle(event)
        }
    }

    private struct Source {
        let handler: any LoopSource
        let generation: UInt32
    }

    private static let wakeToken = UInt64.max

    /// The two descriptors of a loop, closed with it.
    private final class Descriptors: Sendable {
        let epoll: Epoll
        let wakeUp: EventFD

        init() throws(SystemError) {
            epoll = try Epoll()
            wakeUp = try EventFD()
            try epoll.add(wakeUp.descriptor, token: EventLoop.wakeToken, .read)
        }
    }
}

/// Holds the shared loop.
///
/// - Invariant: `loop` is guarded by `lock`.
private final class SharedLoop: @unchecked Sendable {
    static let instance = SharedLoop()

    private let lock = Lock()
    private var loop: EventLoop?

    func get() -> EventLoop {
        lock.withLock {
            if let loop { return loop }
            let started = EventLoop(name: "samqp-loop")
            if started.startError == nil { loop = started }
            return started
        }
    }
}
