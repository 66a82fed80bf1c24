import Glibc
import SwiftAMQP

/// Prints deliveries, and acknowledges each after its line was written.
///
/// Lines are collected and written when no more deliveries are at hand. Nobody has to say when that is: taking one that
/// is buffered does not suspend, so the actor runs the job that writes exactly when the loop has to wait.
actor DeliveryPrinter {
    private struct Line {
        var delivery: AMQPDelivery
        /// Where it ends in `output`.
        var end: Int
    }

    private let json: Bool
    private let limit: Int
    private let prefetch: Int
    /// Half of the prefetch: the broker sends the next half while this one is printed.
    private let lineLimit: Int
    private let byteLimit = 64 * 1024
    private let progress: Progress

    private var acknowledged = 0
    /// Printed on the connection of now and not acknowledged yet.
    private var printed = 0
    private var lastTag: UInt64 = 0
    /// The last of those that are acknowledged only after the consumer was cancelled. What the broker hands out beyond
    /// the limit would come back as redelivered to the next one.
    private var held: AMQPDelivery?

    private var output: [UInt8] = []
    private var lines: [Line] = []
    private var isFlushScheduled = false
    /// Why nothing more can be written.
    private var outputEnding: StandardStreams.Ending?
    /// Why the deliveries ended, where it was not by ourselves.
    private var failure: AMQPError?

    init(json: Bool, limit: Int, prefetch: Int, progress: Progress) {
        self.json = json
        self.limit = limit
        self.prefetch = prefetch
        lineLimit = max(1, prefetch / 2)
        self.progress = progress
    }

    /// Prints up to the limit, until the end is asked for, nobody reads any more, or the deliveries end. Cancel the
    /// consumer then, and call ``finish()``.
    func print(_ deliveries: AMQPClientDeliveries) async {
        do {
            for try await delivery in deliveries {
                if delivery.deliveryTag <= lastTag { connectionChanged() }
                lastTag = delivery.deliveryTag
                append(delivery)
                if lines.count >= lineLimit || output.count >= byteLimit { flush() } else { scheduleFlush() }
                if outputEnding != nil || Stop.isRequested { break }
                if acknowledged + printed + lines.count == limit { break }
            }
        } catch {
            failure = error
        }
        flush()
    }

    /// Acknowledges what is left to acknowledge.
    ///
    /// - Throws: Why the deliveries ended; why stdout takes nothing.
    func finish() throws {
        if let held { acknowledge(held) }
        if case .failed(let number) = outputEnding {
            throw Failure(text: "cannot write to stdout: \(String(cString: strerror(number)))")
        }
        if let failure, !(failure.code == .cancelled && Stop.isRequested) { throw failure }
    }

    /// The broker counts deliveries from the start: what was not acknowledged on the connection before comes again.
    private func connectionChanged() {
        lines.removeAll(keepingCapacity: true)
        output.removeAll(keepingCapacity: true)
        held = nil
        printed = 0
    }

    private func append(_ delivery: AMQPDelivery) {
        if json {
            output += JSONOutput.line(delivery)
        } else {
            TextOutput.append(delivery.body, to: &output)
        }
        lines.append(Line(delivery: delivery, end: output.count))
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        Task {
            isFlushScheduled = false
            flush()
            // The loop waits for a delivery that may never come.
            if outputEnding != nil { Stop.request() }
        }
    }

    /// Writes the lines, and acknowledges those that were written whole.
    private func flush() {
        guard outputEnding == nil, !lines.isEmpty else { return }
        let (written, ending) = StandardStreams.write(output, to: STDOUT_FILENO)
        if ending != .complete { outputEnding = ending }
        let whole = lines.prefix { $0.end <= written }
        progress.add(whole.count)
        printed += whole.count
        // Exactly so many that the broker hands out the limit and not one more.
        let count = min(whole.count, max(0, limit - prefetch - acknowledged))
        if count > 0, acknowledge(whole[count - 1].delivery) {
            acknowledged += count
            printed -= count
        }
        if count < whole.count { held = whole.last?.delivery }
        lines.removeAll(keepingCapacity: true)
        output.removeAll(keepingCapacity: true)
    }

    /// Acknowledges a delivery and all that came before it: all of them were printed.
    ///
    /// - Returns: False if its connection is gone, and the broker delivers them again.
    @discardableResult
    private func acknowledge(_ last: AMQPDelivery) -> Bool {
        do {
            return try last.ackUnlessStale(multiple: true)
        } catch {
            failure = failure ?? error
            return false
        }
    }
}
