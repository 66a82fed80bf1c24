import Glibc
import Synchronization

/// A line on stderr that tells, while long work goes on, how far it is and how fast. Only on a terminal.
final class Progress: Sendable {
    private let done = Atomic<Int>(0)
    private let verb: String
    private let total: Int?
    private let started = ContinuousClock.now

    /// Short work shows nothing.
    private static let delay = Duration.seconds(1)
    private static let interval = Duration.milliseconds(250)

    private init(_ verb: String, total: Int?) {
        self.verb = verb
        self.total = total
    }

    /// Shows progress during `body`, which counts it.
    ///
    /// - Parameters:
    ///   - verb: What happens to messages, for example `published`.
    ///   - total: How many there will be, if that is known.
    ///   - isShown: Whether the terminal is free for it.
    static func show<Value>(
        _ verb: String, total: Int?, if isShown: Bool = true, _ body: (Progress) async throws -> Value
    ) async throws -> Value {
        let progress = Progress(verb, total: total)
        guard isShown, StandardError.isTerminal else { return try await body(progress) }
        let ticker = Task { await progress.tick() }
        do {
            let value = try await body(progress)
            await end(ticker)
            return value
        } catch {
            await end(ticker)
            throw error
        }
    }

    /// Counts messages.
    @inline(__always)
    func add(_ count: Int = 1) { done.wrappingAdd(count, ordering: .relaxed) }

    private static func end(_ ticker: Task<Void, Never>) async {
        ticker.cancel()
        await ticker.value
    }

    private func tick() async {
        guard (try? await Task.sleep(for: Self.delay)) != nil else { return }
        var last = (count: done.load(ordering: .relaxed), time: ContinuousClock.now)
        var rate = Self.rate(last.count, last.time - started)
        repeat {
            var line = "\(verb) \(done.load(ordering: .relaxed))"
            if let total { line += " of \(total)" }
            StandardStreams.write(Array("\r\(line) messages, \(rate)/s\u{1B}[K".utf8), to: STDERR_FILENO)
            guard (try? await Task.sleep(for: Self.interval)) != nil else { break }
            let now = (count: done.load(ordering: .relaxed), time: ContinuousClock.now)
            rate = Self.rate(now.count - last.count, now.time - last.time)
            last = now
        } while !Task.isCancelled
        StandardStreams.write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO)
    }

    /// Messages per second, as a whole number.
    static func rate(_ count: Int, _ duration: Duration) -> Int {
        let seconds = duration / .seconds(1)
        return seconds > 0 ? Int((Double(count) / seconds).rounded()) : 0
    }
}
