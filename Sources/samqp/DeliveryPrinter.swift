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
    /// Half of the prefetch: the broker sends the next half while this one is printed.
    private let lineLimit: Int
    private let byteLimit = 64 * 1024
    private let progress: Progress

    private var output: [UInt8] = []
    private var lines: [Line] = []
    private var isFlushScheduled = false
    /// Why nothing more can be written.
    private var outputEnding: StandardStreams.Ending?
    private var settleError: AMQPError?

    init(json: Bool, limit: Int, prefetch: Int, progress: Progress) {
        self.json = json
        self.limit = limit
        lineLimit = max(1, prefetch / 2)
        self.progress = progress
    }

    /// Prints up to the limit, until the end is asked for, or until nobody reads any more.
    ///
    /// - Throws: Why the deliveries ended; why stdout takes nothing.
    func print(_ deliveries: AMQPDeliveries) async throws {
        var ending: AMQPError?
        do {
            var count = 0
            for try await delivery in deliveries {
                append(delivery)
                count += 1
                if lines.count >= lineLimit || output.count >= byteLimit { flush() } else { scheduleFlush() }
                if outputEnding != nil || count == limit || Stop.isRequested { break }
            }
        } catch {
            ending = error
        }
        flush()
        if case .failed(let number) = outputEnding {
            throw Failure(text: "cannot write to stdout: \(String(cString: strerror(number)))")
        }
        if let error = ending ?? settleError, !(error.code == .cancelled && Stop.isRequested) { throw error }
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
        let printed = lines.prefix { $0.end <= written }
        if let last = printed.last {
            do {
                // All that came before it were printed too.
                try last.delivery.ack(multiple: true)
                progress.add(printed.count)
            } catch {
                settleError = error
            }
        }
        lines.removeAll(keepingCapacity: true)
        output.removeAll(keepingCapacity: true)
    }
}
