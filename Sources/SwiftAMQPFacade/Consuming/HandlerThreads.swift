internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// The threads on which the handler of one consumer runs: as many as there was ever work for, up to a limit.
///
/// - Invariant: what changes is guarded by `lock`, with which nothing else is called. That is why the class is
///   `@unchecked Sendable`.
final class HandlerThreads: @unchecked Sendable {
    typealias Handler = @Sendable (DeliveryObject) -> Int32

    /// A delivery, and where the handler's answer goes.
    private struct Job {
        let delivery: DeliveryObject
        let answer: CheckedContinuation<Int32, Never>
    }

    let client: ClientObject.Identity
    private let handler: Handler
    private let maximum: Int
    private let lock = ConditionLock()
    private var jobs: [Job] = []
    private var threads = 0
    private var idle = 0
    private var isOver = false

    init(client: ClientObject.Identity, maximum: Int, handler: @escaping Handler) {
        self.client = client
        self.maximum = max(1, maximum)
        self.handler = handler
    }

    /// Has the handler called, and waits for what it says. A cancelled task marks the delivery.
    func handle(_ delivery: AMQPDelivery) async -> AMQPSettlement {
        let object = DeliveryObject(delivery)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { add(Job(delivery: object, answer: $0)) }
        } onCancel: {
            object.cancel()
        }
        return AMQPSettlement(answer: answer)
    }

    private func add(_ job: Job) {
        lock.lock()
        jobs.append(job)
        let needsThread = idle < jobs.count && threads < maximum
        if needsThread { threads += 1 }
        lock.unlock()
        lock.wakeOne()
        guard needsThread else { return }
        do throws(SystemError) {
            try Thread.startDetached(name: "samqp-handler") { self.run() }
        } catch {
            // No thread is to be had: what waits, and no other thread will do, goes back.
            let left = lock.withLock {
                threads -= 1
                defer { if threads == 0 { jobs = [] } }
                return threads == 0 ? jobs : []
            }
            for job in left { job.answer.resume(returning: SAMQP_SETTLE_RETRY) }
        }
    }

    private func run() {
        Callback.run(.handler(self)) {
            while let job = next() { job.answer.resume(returning: handler(job.delivery)) }
        }
    }

    /// `nil` at the end.
    private func next() -> Job? {
        lock.withLock {
            idle += 1
            defer { idle -= 1 }
            while jobs.isEmpty {
                if isOver {
                    threads -= 1
                    return nil
                }
                _ = lock.wait(until: .distantFuture)
            }
            return jobs.removeFirst()
        }
    }

    /// There will be no more deliveries: threads end when they have nothing to do.
    func end() {
        lock.withLock { isOver = true }
        lock.wakeAll()
    }
}

extension AMQPSettlement {
    /// What a handler of C said.
    fileprivate init(answer: Int32) {
        switch answer {
        case SAMQP_SETTLE_ACK: self = .ack
        case SAMQP_SETTLE_REJECT: self = .reject
        case SAMQP_SETTLE_REQUEUE: self = .requeue
        case SAMQP_SETTLE_LEFT: self = .settledByHandler
        default: self = .retry
        }
    }
}
