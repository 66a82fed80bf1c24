import Glibc
import TestSupport
import Testing

@Suite struct CheckLogTests {
    private func id(_ sequence: UInt64) -> MessageID { MessageID(run: 3, publisher: 2, sequence: sequence) }

    private func withFile(_ body: (String) async throws -> Void) async throws {
        let path = try makeTemporaryFile("swiftamqp-check")
        defer { unlink(path) }
        try await body(path)
    }

    @Test(arguments: [0, 32, 33, 1000, 70_000])
    func aBodySaysWhichMessageItIs(size: Int) {
        let body = CheckedMessage.body(id(99), size: size)
        #expect(body.count == max(size, CheckedMessage.minimumSize))
        #expect(CheckedMessage.read(body) == .message(id(99)))
    }

    @Test func everyDamageIsSeen() {
        let body = CheckedMessage.body(id(1), size: 50)
        for index in body.indices {
            var wrong = body
            wrong[index] ^= 1
            #expect(CheckedMessage.read(wrong) == (index < 4 ? .foreign : .damaged))
        }
        #expect(CheckedMessage.read(body.dropLast()) == .damaged)
        #expect(CheckedMessage.read(body + [0]) == .damaged)
        #expect(CheckedMessage.read(Array(body.prefix(6))) == .damaged)
        #expect(CheckedMessage.read([]) == .foreign)
        // Two halves of two messages.
        let other = CheckedMessage.body(id(2), size: 50)
        #expect(CheckedMessage.read(Array(body.prefix(40) + other.suffix(10))) == .damaged)
    }

    @Test func aSessionIsChecked() throws {
        let log = CheckLog(run: 3)
        for number in UInt64(0)..<3 {
            log.intent(id(number), deadline: .seconds(1))
            log.outcome(id(number), .confirmed)
        }
        #expect(log.delivered(CheckedMessage.body(id(0)), redelivered: false) == id(0))
        log.delivered(CheckedMessage.body(id(1)), redelivered: false, attempt: 2)
        #expect(log.delivered([1, 2], redelivered: false) == nil)
        #expect(try log.report().lost == [id(2)])
        #expect(
            try log.report().description
                == "run 3: 3 intents: 3 confirmed; 2 deliveries, 0 duplicates; FOUND 1 lost")
    }

    @Test func aFileHoldsWhatTheMemoryHolds() async throws {
        try await withFile { path in
            let log = try CheckLog(run: 3, file: path)
            log.intent(id(1), deadline: .seconds(30))
            for outcome in CheckedOutcome.allCases { log.outcome(id(1), outcome, attempts: 5) }
            log.delivered(CheckedMessage.body(id(1)), redelivered: true, attempt: 4)
            log.delivered(Array(CheckedMessage.body(id(1)).dropLast()), redelivered: false)
            #expect(log.records.count == 8)
            #expect(try CheckLog.read(path) == log.records)
        }
    }

    @Test func anotherProcessGoesOnAfterAKill() async throws {
        try await withFile { path in
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let log = try CheckLog(run: 3, file: path)
                log.intent(MessageID(run: 3, publisher: 2, sequence: 1), deadline: .seconds(1))
                kill(getpid(), SIGKILL)
            }
            // A record that was cut off.
            let descriptor = open(path, O_WRONLY | O_APPEND)
            #expect(write(descriptor, [0xC5, 1], 2) == 2)
            close(descriptor)
            let log = try CheckLog(run: 3, file: path)
            #expect(log.records.map(\.event) == [.intent(deadline: 1_000_000_000), .restart])
            log.intent(id(1), deadline: .seconds(1))
            log.outcome(id(1), .confirmed)
            log.delivered(CheckedMessage.body(id(1)), redelivered: false)
            #expect(try CheckLog.read(path) == log.records)
            #expect(try log.report().isClean())
        }
    }

    @Test func aForeignFileIsRefused() async throws {
        try await withFile { path in
            let descriptor = open(path, O_WRONLY | O_APPEND)
            let bytes = [UInt8](repeating: 1, count: 100)
            #expect(write(descriptor, bytes, bytes.count) == 100)
            close(descriptor)
            let error = #expect(throws: HarnessError.self) { try CheckLog(run: 3, file: path) }
            #expect(error?.kind == .malformed)
        }
    }
}
