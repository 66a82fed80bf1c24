internal import AMQPTransport

/// Takes deliveries from a source and handles them, so many at a time.
///
/// A worker is a task that handles one delivery after the other; with one worker they are handled strictly in order. There
/// are no more workers than there was ever work for. One whose task was cancelled in order to interrupt a handler is
/// replaced when that handler has come back, not before: a handler that hangs keeps its place.
///
/// - Invariant: what changes is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class HandlerWorkers: @unchecked Sendable {
    private let source: DeliverySource
    private let maximum: Int
    /// Let go of with the last worker: what a handler holds may hold the consumer.
    private var handle: (@Sendable (AMQPDelivery, UInt64) async -> Void)?

    private let lock = Lock()
    private var tasks: [UInt64: Task<Void, Never>] = [:]
    private var workers = 0
    private var nextID: UInt64 = 0
    private var nextDelivery: UInt64 = 0
    /// The worker of each delivery that is being handled.
    private var busy: [UInt64: UInt64] = [:]
    /// Workers that take nothing more: their task was cancelled, or is about to be.
    private var interrupted: Set<UInt64> = []
    private var isCancelled = false
    private var idleWaiters: [Promise<Void>] = []

    /// - Parameters:
    ///   - maximum: How many deliveries are handled at a time.
    ///   - handle: Handles one, and settles it; gets a number that no other delivery has.
    init(source: DeliverySource, maximum: Int, handle: @escaping @Sendable (AMQPDelivery, UInt64) async -> Void) {
        self.source = source
        self.maximum = max(1, maximum)
        self.handle = handle
    }

    /// Begins. Workers keep themselves alive until the source has ended.
    func start() {
        if maximum > 1 { source.onSurplus { [weak self] in self?.addWorker() } }
        addWorker()
    }

    /// How many deliveries are being handled.
    var busyCount: Int { lock.withLock { busy.count } }

    /// Completed when no handler runs and none will: the source has ended, and every worker with it. To ask whether
    /// something is being handled would not do: a worker may have taken a delivery and not begun.
    func idle() -> Promise<Void> {
        let promise = Promise<Void>()
        let isIdle = lock.withLock {
            if workers > 0 { idleWaiters.append(promise) }
            return workers == 0
        }
        if isIdle { promise.complete(.success(())) }
        return promise
    }

    /// Cancels the tasks of all handlers that run, now and from now on.
    func cancelAll() {
        let all = lock.withLock {
            isCancelled = true
            return Array(tasks.values)
        }
        for task in all { task.cancel() }
    }

    /// Cancels the task that handles this delivery, if it is still being handled. Its worker takes no other one, so that
    /// the cancellation cannot hit the wrong handler.
    func interrupt(_ delivery: UInt64) {
        lock.lock()
        guard let worker = busy[delivery] else {
            lock.unlock()
            return
        }
        interrupted.insert(worker)
        let task = tasks[worker]
        lock.unlock()
        task?.cancel()
    }

    private func addWorker() {
        lock.lock()
        if workers < maximum, !isCancelled { startWorker() }
        lock.unlock()
    }

    /// With the lock held.
    private func startWorker() {
        guard let handle else { return }
        workers += 1
        nextID += 1
        let id = nextID
        // Detached: a handler has nothing of the task that happened to make its worker, task-local values included.
        tasks[id] = Task.detached { await self.work(id, handle) }
    }

    private func work(_ id: UInt64, _ handle: @Sendable (AMQPDelivery, UInt64) async -> Void) async {
        var budget = TimeBudget()
        var isInterrupted = false
        while !isInterrupted, let delivery = await source.next() {
            let number = lock.withLock {
                nextDelivery += 1
                busy[nextDelivery] = id
                return nextDelivery
            }
            await handle(delivery, number)
            isInterrupted = finished(number, by: id)
            if !isInterrupted, budget.isSpent() { await Task.yield() }
        }
        leave(id, isReplaced: isInterrupted)
    }

    private func leave(_ id: UInt64, isReplaced: Bool) {
        lock.lock()
        workers -= 1
        tasks[id] = nil
        // In one go: in between it would look as if all were over.
        if isReplaced, !isCancelled { startWorker() }
        let isOver = workers == 0
        let woken = isOver ? idleWaiters : []
        let released = isOver ? handle : nil
        if isOver {
            idleWaiters = []
            handle = nil
        }
        lock.unlock()
        _ = consume released
        for promise in woken { promise.complete(.success(())) }
    }

    /// - Returns: Whether the worker is to take nothing more.
    private func finished(_ delivery: UInt64, by worker: UInt64) -> Bool {
        lock.withLock {
            busy[delivery] = nil
            return interrupted.remove(worker) != nil
        }
    }
}
