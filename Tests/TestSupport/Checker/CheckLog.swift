import Glibc

/// What clients under test did and saw, in order: in memory, and in a file where one is given.
///
/// A record is in the kernel's hands when the call returns, so a file survives `kill -9` of the process, and another
/// process reads it with ``read(_:)`` or goes on with it.
package final class CheckLog: Sendable {
    package let run: UInt64
    private let state: Locked<State>

    private struct State: Sendable {
        var records: [CheckRecord] = []
        var descriptor: Int32 = -1
        var keepsRecords = true
        var failure: HarnessError?
    }

    /// A log in memory.
    package init(run: UInt64) {
        self.run = run
        state = Locked(State())
    }

    /// A log in a file, which may have a beginning by an earlier process. Then a restart is noted.
    ///
    /// Without `keepsRecords` they are only in the file, for a process whose memory is watched: who wants to know them
    /// reads the file.
    package init(run: UInt64, file: String, keepsRecords: Bool = true) throws(HarnessError) {
        self.run = run
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC
        let descriptor = try check(open(file, flags, 0o600), "open \(file)")
        let hasBeginning: Bool
        do throws(HarnessError) {
            let (records, torn) = try Self.records(descriptor, file)
            // A record that was cut off by a full disk, for example, would shift all that follow.
            if torn > 0 { try check(ftruncate(descriptor, records.count * CheckRecord.size), "truncate \(file)") }
            hasBeginning = !records.isEmpty
            state = Locked(
                State(records: keepsRecords ? records : [], descriptor: descriptor, keepsRecords: keepsRecords))
        } catch {
            close(descriptor)
            throw error
        }
        if hasBeginning { append(.restart, MessageID(run: run, publisher: 0, sequence: 0)) }
    }

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// The records of a file, whoever wrote it and however that one ended.
    package static func read(_ file: String) throws(HarnessError) -> [CheckRecord] {
        let descriptor = try check(open(file, O_RDONLY | O_CLOEXEC), "open \(file)")
        defer { close(descriptor) }
        return try records(descriptor, file).records
    }

    package var records: [CheckRecord] { state.withLock { $0.records } }

    // MARK: What happens

    /// To be called before the publish. The outcome is due `deadline` later.
    package func intent(_ id: MessageID, deadline: Duration) {
        append(.intent(deadline: deadline.nanosecondsClamped), id)
    }

    /// To be called when the publish has returned.
    package func outcome(_ id: MessageID, _ outcome: CheckedOutcome, attempts: Int = 1) {
        append(.outcome(outcome, attempts: UInt32(clamping: attempts)), id)
    }

    /// To be called with each message that came. Returns its id where it is one of ours; `attempt` is what its header
    /// ``CheckedMessage/attemptHeader`` says.
    @discardableResult
    package func delivered(_ body: [UInt8], redelivered: Bool, attempt: Int? = nil) -> MessageID? {
        switch CheckedMessage.read(body) {
        case .message(let id):
            append(.delivery(attempt: UInt32(clamping: attempt ?? 1), redelivered: redelivered), id)
            return id
        case .damaged: append(.damage, MessageID(run: run, publisher: 0, sequence: 0))
        case .foreign: break
        }
        return nil
    }

    /// To be called when the broker was killed, after the last delivery by it can have been noted.
    package func brokerKilled() { append(.brokerKilled, MessageID(run: run, publisher: 0, sequence: 0)) }

    /// Checks what was logged so far; throws where a record could not be written.
    package func report(tolerance: Duration = CheckReport.tolerance) throws(HarnessError) -> CheckReport {
        let (records, failure) = state.withLock { ($0.records, $0.failure) }
        if let failure { throw failure }
        return CheckReport(run: run, records, tolerance: tolerance)
    }

    private func append(_ event: CheckRecord.Event, _ id: MessageID) {
        // The lock is held while writing, so that both orders are the same.
        state.withLock { state in
            let record = CheckRecord(event, id, time: MonotonicClock.now())
            if state.keepsRecords { state.records.append(record) }
            guard state.descriptor >= 0, state.failure == nil else { return }
            let bytes = record.bytes
            let count = write(state.descriptor, bytes, bytes.count)
            if count != bytes.count { state.failure = HarnessError(.system(errno: errno), "write a record") }
        }
    }

    private static func records(
        _ descriptor: Int32, _ file: String
    ) throws(HarnessError) -> (records: [CheckRecord], torn: Int) {
        var records: [CheckRecord] = []
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: CheckRecord.size * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw HarnessError(.system(errno: errno), "read \(file)")
            }
            if count == 0 { return (records, rest.count) }
            rest += buffer[..<count]
            var start = 0
            while rest.count - start >= CheckRecord.size {
                do throws(HarnessError) {
                    records.append(try CheckRecord(bytes: Array(rest[start..<start + CheckRecord.size])))
                } catch {
                    throw HarnessError(error.kind, "\(file), record \(records.count): \(error.text)")
                }
                start += CheckRecord.size
            }
            rest.removeFirst(start)
        }
    }
}
