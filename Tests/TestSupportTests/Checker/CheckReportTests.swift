import TestSupport
import Testing

/// Planted faults: each is found, and nothing else.
@Suite struct CheckReportTests {
    private let second: UInt64 = 1_000_000_000

    private func id(_ sequence: UInt64, publisher: UInt32 = 1, run: UInt64 = 7) -> MessageID {
        MessageID(run: run, publisher: publisher, sequence: sequence)
    }

    /// A message that went well, except for what is said.
    private func message(
        _ id: MessageID, outcomes: [CheckedOutcome] = [.confirmed], attempts: UInt32 = 1, took: UInt64 = 1,
        deliveries: [(attempt: UInt32, redelivered: Bool)] = [(1, false)]
    ) -> [CheckRecord] {
        [CheckRecord(.intent(deadline: second), id, time: 1)]
            + outcomes.map { CheckRecord(.outcome($0, attempts: attempts), id, time: 1 + took) }
            + deliveries.map {
                CheckRecord(.delivery(attempt: $0.attempt, redelivered: $0.redelivered), id, time: 2 + took)
            }
    }

    private func report(_ records: [CheckRecord]) -> CheckReport {
        // Among messages that are well.
        CheckReport(
            run: 7, message(id(0, publisher: 9)) + records + message(id(1, publisher: 9)),
            tolerance: .milliseconds(250))
    }

    private func expect(
        _ records: [CheckRecord], finds names: [String], in ids: [MessageID],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let report = report(records)
        let found = report.findings.filter { !$0.ids.isEmpty }
        #expect(found.map(\.name) == names, "\(report.fullDescription)", sourceLocation: sourceLocation)
        #expect(found.allSatisfy { $0.ids == ids }, "\(report.fullDescription)", sourceLocation: sourceLocation)
        #expect(report.isClean() == names.isEmpty, sourceLocation: sourceLocation)
        for name in names { #expect(report.description.contains(name), sourceLocation: sourceLocation) }
    }

    @Test func whatIsWellIsClean() {
        expect([], finds: [], in: [])
        expect(message(id(1), outcomes: [.nacked]), finds: [], in: [])
        expect(message(id(1), outcomes: [.nacked], deliveries: []), finds: [], in: [])
        for outcome in [CheckedOutcome.returned, .notSent, .unknown] {
            expect(message(id(1), outcomes: [outcome], deliveries: []), finds: [], in: [])
        }
    }

    @Test func lost() { expect(message(id(1), deliveries: []), finds: ["lost"], in: [id(1)]) }

    @Test(arguments: [CheckedOutcome.returned, .notSent])
    func phantom(outcome: CheckedOutcome) {
        expect(message(id(1), outcomes: [outcome]), finds: ["phantom"], in: [id(1)])
    }

    @Test func recoveredIsAllowedAndReported() {
        expect(message(id(1), outcomes: [.unknown]), finds: [], in: [])
        #expect(report(message(id(1), outcomes: [.unknown])).recovered == [id(1)])
        #expect(report(message(id(1), outcomes: [.unknown])).description.contains("1 recovered"))
    }

    @Test func unflaggedDuplicates() {
        let twice: [(UInt32, Bool)] = [(1, false), (1, false)]
        expect(message(id(1), deliveries: twice), finds: ["unflagged duplicates"], in: [id(1)])
        // More than one attempt, or a flag on either, explains it.
        expect(message(id(1), attempts: 2, deliveries: twice), finds: [], in: [])
        expect(message(id(1), deliveries: [(1, false), (1, true)]), finds: [], in: [])
        expect(message(id(1), deliveries: [(1, true), (1, false)]), finds: [], in: [])
        expect(message(id(1), deliveries: [(1, false), (2, false)]), finds: [], in: [])
        expect(
            message(id(1), deliveries: [(1, false), (1, true), (1, false)]), finds: ["unflagged duplicates"],
            in: [id(1)])
    }

    @Test func inversionsAreOfFirstOccurrences() {
        let records = message(id(1)) + message(id(3)) + message(id(2)) + message(id(5, publisher: 2))
        expect(records, finds: ["inversions"], in: [id(2)])
        #expect(report(records).isClean(ordered: false))
        // A message that comes again was in order the first time.
        let again = CheckRecord(.delivery(attempt: 1, redelivered: true), id(1), time: 9)
        expect(message(id(1)) + message(id(2)) + [again], finds: [], in: [])
    }

    @Test func missingDoubleAndLateOutcomes() {
        expect(message(id(1), outcomes: []), finds: ["missing"], in: [id(1)])
        expect(message(id(1), outcomes: [.confirmed, .confirmed]), finds: ["double"], in: [id(1)])
        expect(message(id(1), took: second + 250_000_000), finds: [], in: [])
        expect(message(id(1), took: second + 250_000_001), finds: ["late"], in: [id(1)])
        // The first outcome counts.
        expect(message(id(1), outcomes: [.unknown, .confirmed], deliveries: []), finds: ["double"], in: [id(1)])
    }

    @Test func whatNobodyMeantIsUnexpected() {
        expect(Array(message(id(1)).dropFirst()), finds: ["unexpected"], in: [id(1)])
        let intent = CheckRecord(.intent(deadline: second), id(1), time: 1)
        expect([intent] + message(id(1)), finds: ["unexpected"], in: [id(1)])
    }

    @Test func anotherRunAndDamageAreCounted() {
        let other = CheckRecord(.delivery(attempt: 1, redelivered: false), id(1, run: 6), time: 1)
        expect([other], finds: [], in: [])
        #expect(report([other]).otherRuns == 1)
        let damage = report([CheckRecord(.damage, id(0), time: 1)])
        #expect(!damage.isClean())
        #expect(damage.description.contains("1 damaged"))
    }

    @Test func aKilledProcessLeavesNothingMissing() {
        let restart = CheckRecord(.restart, id(0), time: 5)
        expect(message(id(1), outcomes: [], deliveries: []) + [restart], finds: [], in: [])
        let again = message(id(1), outcomes: [], deliveries: []) + [restart] + message(id(1))
        expect(again, finds: [], in: [])
        // After the restart the rules are the same.
        expect([restart] + message(id(2), outcomes: []), finds: ["missing"], in: [id(2)])
    }

    @Test func theReportTellsTheHistory() {
        let report = report(message(id(4), deliveries: []))
        #expect(
            report.description
                == "run 7: 3 intents: 3 confirmed; 2 deliveries, 0 duplicates; FOUND 1 lost")
        #expect(
            report.fullDescription == """
                run 7: 3 intents: 3 confirmed; 2 deliveries, 0 duplicates; FOUND 1 lost
                lost: p1/4
                  0 ms p1/4 intent, due in 1000 ms
                  0 ms p1/4 confirmed, attempts 1
                """)
    }
}
