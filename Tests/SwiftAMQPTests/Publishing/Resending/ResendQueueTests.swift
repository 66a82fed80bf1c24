import Testing

@testable import SwiftAMQP

@Suite struct ResendQueueTests {
    // MARK: Order

    @Test func replayComesBeforeNewerOnesInTheOriginalOrder() {
        let line = ResendLine()
        let all = line.accept("a", "b", "c", "d")
        #expect(line.send() == ["a", "b", "c", "d"])
        line.end(all[1], .confirmed)
        _ = line.accept("e")
        line.lose(.lostConnection, notSentFrom: 2)
        _ = line.accept("f")
        #expect(line.send() == ["a", "c", "d", "e", "f"])
        #expect(line.ended == ["b": .confirmed])
        // What was not handed to the kernel was no attempt.
        #expect(all.map(\.attempts.current) == [2, 1, 2, 1])
    }

    @Test func orderSurvivesManyLosses() {
        let line = ResendLine()
        let all = line.accept("a", "b", "c", "d", "e")
        for round in 1...5 {
            #expect(line.send(atMost: round) == Array(["a", "b", "c", "d", "e"].prefix(round)))
            line.lose(.lostConnection)
        }
        #expect(line.send() == ["a", "b", "c", "d", "e"])
        #expect(all.map(\.attempts.current) == [6, 5, 4, 3, 2])
    }

    @Test func oneThatCouldNotBeSubmittedKeepsItsPlace() {
        let line = ResendLine()
        _ = line.accept("a", "b")
        if let first = line.next() { line.putBack(first) }
        line.lose(.lostConnection)
        #expect(line.send() == ["a", "b"])
    }

    @Test func oneThatWasNackedBacksOffWithoutStoppingNewerOnes() {
        let line = ResendLine()
        let all = line.accept("a", "b")
        line.send()
        line.end(all[0], .nacked, random: 50_000_000)
        _ = line.accept("c")
        #expect(line.send() == ["c"])
        #expect(line.nextWake == line.now + 50_000_000)
        line.now += 49_999_999
        #expect(line.expire().isEmpty)
        #expect(line.send().isEmpty)
        line.now += 1
        #expect(line.expire().isEmpty)
        #expect(line.send() == ["a"])
        #expect(all[0].attempts.current == 2)
        #expect(line.ended.isEmpty)
    }

    /// Never at once, however small the random number is.
    @Test func aBackoffIsNeverNothing() {
        let line = ResendLine()
        let all = line.accept("a")
        line.send()
        line.end(all[0], .nacked, random: 0)
        #expect(line.nextWake == line.now + 1_000_000)
    }

    // MARK: The parked one

    @Test func nothingPassesTheParkedOne() {
        let line = ResendLine()
        let all = line.accept("a", "b")
        #expect(line.park() === all[0])
        #expect(line.send().isEmpty)
        line.encodeParked()
        #expect(line.inFlight == 1)
        #expect(line.send() == ["b"])
    }

    @Test func theParkedOneIsSentAgainAsTheOldest() {
        let line = ResendLine()
        let all = line.accept("a", "b", "c")
        line.send(atMost: 1)
        #expect(line.park() === all[1])
        line.lose(.lostConnection)
        #expect(line.parked == nil)
        #expect(line.send() == ["a", "b", "c"])
        #expect(all.map(\.attempts.current) == [2, 1, 1])
    }

    // MARK: Channel exceptions

    @Test func theOnlyOneIsTheCulprit() {
        let line = ResendLine()
        _ = line.accept("a")
        line.send()
        _ = line.accept("b")
        #expect(line.lose(.exception(404)) == "a")
        #expect(line.ended == ["a": .notSent(reason: .rejected)])
        #expect(line.count == 1)
        #expect(line.send() == ["b"])
    }

    @Test func severalGoOneByOneUntilTheCulpritIsFound() {
        let line = ResendLine()
        let all = line.accept("a", "poison", "b", "c")
        line.send(atMost: 3)
        #expect(line.lose(.exception(404)) == nil)
        #expect(line.send() == ["a"])
        line.end(all[0], .confirmed)
        #expect(line.send() == ["poison"])
        #expect(line.lose(.exception(404)) == "poison")
        // The first attempt might have been another's fault.
        #expect(line.ended["poison"] == .unknown(reason: .rejected))
        #expect(line.send() == ["b"])
        line.end(all[2], .confirmed)
        // The suspects had their turn: a window again.
        _ = line.accept("d")
        #expect(line.send() == ["c", "d"])
    }

    @Test func aLostConnectionDoesNotEndTheSearch() {
        let line = ResendLine()
        _ = line.accept("a", "b", "c")
        line.send()
        line.lose(.exception(404))
        #expect(line.send() == ["a"])
        line.lose(.lostConnection)
        #expect(line.send() == ["a"])
    }

    /// A code that says nothing of the publish accuses nobody.
    @Test(arguments: [504, 505, 541, 320]) func codesThatAreNoVerdict(code: UInt16) {
        let line = ResendLine()
        _ = line.accept("a")
        line.send()
        #expect(line.lose(.exception(code)) == nil)
        #expect(line.send() == ["a"])
    }

    /// A publish that nobody waits for any more may have been the one: it still counts.
    @Test(arguments: [true, false]) func onesThatEndedWithoutAnAnswerMayBeTheCulprit(isCancelled: Bool) {
        let line = ResendLine()
        let all = line.accept("good", "poison")
        line.send()
        if isCancelled {
            line.withdraw(all[1], .cancelled)
        } else {
            line.end(all[1], .unknown(reason: .timeout))
        }
        #expect(line.lose(.exception(404)) == nil)
        #expect(line.ended["good"] == nil)
        #expect(line.send() == ["good"])
        line.end(all[0], .confirmed)
        #expect(line.ended["good"] == .confirmed)
    }

    /// One that is never sent again may have been the one, too.
    @Test func onesThatAreSentOnceMayBeTheCulprit() {
        let line = ResendLine()
        let poison = line.make("poison", policy: .once)
        let good = line.make("good")
        line.accept(poison)
        line.accept(good)
        line.send()
        #expect(line.lose(.exception(404)) == nil)
        #expect(line.ended == ["poison": .unknown(reason: .channelClosed)])
        #expect(line.send() == ["good"])
    }

    /// A second exception among fewer publishes does not let the rest of the suspects go together.
    @Test func theSearchIsNotCutShort() {
        let line = ResendLine()
        let all = line.accept("a", "b", "c")
        line.send()
        line.lose(.exception(404))
        #expect(line.send() == ["a"])
        // It ends here without an answer, and the next one is under way when the channel ends.
        line.withdraw(all[0], .cancelled)
        #expect(line.send() == ["b"])
        #expect(line.lose(.exception(404)) == nil)
        #expect(line.send() == ["b"])
        line.end(all[1], .confirmed)
        #expect(line.send() == ["c"])
    }

    /// The culprit may have been put into the line again before the end of its channel was heard of.
    @Test func aCulpritThatIsInTheLineAlready() {
        let line = ResendLine()
        let all = line.accept("nacked", "poison")
        line.send()
        line.end(all[0], .nacked)
        for publish in line.flying { line.end(publish, .unknown(reason: .channelClosed)) }
        line.now += 1_000_000
        _ = line.expire()
        #expect(line.channelEnded(.exception(404)) == "poison")
        #expect(line.send() == ["nacked"])
        #expect(line.count == 1)
    }

    // MARK: Taking back

    @Test func takenBackEverywhere() {
        let line = ResendLine(messages: 5)
        let new = line.make("new")
        #expect(line.withdraw(new) == .notSent(reason: .cancelled))
        let all = line.accept("flying", "nacked", "parked", "inLine", "full")
        let outside = line.make("outside")
        #expect(!line.accept(outside))
        line.waitOutside(outside)
        line.send(atMost: 2)
        line.end(all[1], .nacked)
        _ = line.park()
        #expect(line.withdraw(outside) == .notSent(reason: .cancelled))
        #expect(line.withdraw(all[3], .timeout) == .notSent(reason: .timeout))
        #expect(line.withdraw(all[2]) == .notSent(reason: .cancelled))
        #expect(line.parked == nil)
        #expect(line.withdraw(all[1]) == .notSent(reason: .cancelled))
        #expect(line.withdraw(all[0]) == .unknown(reason: .cancelled))
        #expect(line.inFlight == 0)
        #expect(line.count == 1)
        #expect(line.bytes == ResendLine.overhead)
        #expect(line.ended["nacked"] == .nacked)
        // Only once, and what is heard of it later is nobody's.
        #expect(line.withdraw(all[0]) == nil)
        line.end(all[0], .confirmed)
        #expect(line.ended["flying"] == .unknown(reason: .cancelled))
        #expect(line.send() == ["full"])
        #expect(line.admitOutside().isEmpty)
        #expect(!line.isAnybodyOutside)
    }

    // MARK: Room

    @Test func limitsOfMessagesAndBytes() {
        let line = ResendLine(messages: 3, bytes: 4 * ResendLine.overhead)
        #expect(line.accept(line.make("a")))
        #expect(!line.accept(line.make("large", size: 3 * ResendLine.overhead)))
        #expect(line.accept(line.make("b", size: ResendLine.overhead)))
        #expect(line.accept(line.make("c")))
        #expect(line.bytes == 4 * ResendLine.overhead)
        #expect(!line.accept(line.make("d")))
    }

    /// Larger than everything that may be inside: alone.
    @Test func oneThatIsLargerThanTheLimitGoesAlone() {
        let line = ResendLine(messages: 10, bytes: 1024)
        let small = line.accept("small")
        let huge = line.make("huge", size: 1 << 20)
        #expect(!line.accept(huge))
        line.waitOutside(huge)
        line.send()
        line.end(small[0], .confirmed)
        #expect(line.admitOutside() == ["huge"])
        #expect(!line.accept(line.make("next")))
        line.send()
        line.end(huge, .confirmed)
        #expect(line.bytes == 0)
        #expect(line.accept(line.make("next")))
    }

    /// Whoever waits comes in, in order, once a quarter is free - and with a limit of 1 too.
    @Test(arguments: [1, 2, 3, 4, 5, 16]) func thoseOutsideComeInAtTheMark(limit: Int) {
        let line = ResendLine(messages: limit)
        let inside = (0..<limit).map { line.make("\($0)") }
        for publish in inside { #expect(line.accept(publish)) }
        for number in 0..<limit { line.waitOutside(line.make("out-\(number)")) }
        line.send()
        var admitted: [String] = []
        for (index, publish) in inside.enumerated() {
            line.end(publish, .confirmed)
            let now = line.admitOutside()
            // Nobody passes those who wait.
            #expect(!line.accept(line.make("late")) || admitted.count + now.count == limit)
            #expect(now.isEmpty || line.count == limit)
            if index + 1 >= max(1, limit / 4) { #expect(!(admitted + now).isEmpty) }
            admitted += now
        }
        #expect(admitted == (0..<admitted.count).map { "out-\($0)" })
        #expect(!admitted.isEmpty)
    }

    @Test func theOldestThatWasNeverSentMakesRoom() {
        let line = ResendLine(messages: 3)
        _ = line.accept("a", "b", "c")
        line.send(atMost: 1)
        #expect(line.popOldestUnsent() == "b")
        #expect(line.accept(line.make("d")))
        #expect(line.popOldestUnsent() == "c")
        #expect(line.popOldestUnsent() == "d")
        // What may be on its way is not thrown away.
        #expect(line.popOldestUnsent() == nil)
        #expect(line.count == 1)
        #expect(
            line.ended == [
                "b": .notSent(reason: .dropped), "c": .notSent(reason: .dropped), "d": .notSent(reason: .dropped),
            ])
    }

    /// One that finds no room even so is no reason to throw others away.
    @Test func whatCannotMakeRoom() {
        let line = ResendLine(messages: 3, bytes: 4096)
        let all = line.accept("flying", "a", "b")
        #expect(line.canMakeRoom(for: line.make("huge", size: 1 << 20)))
        line.send(atMost: 1)
        #expect(!line.canMakeRoom(for: line.make("huge", size: 1 << 20)))
        #expect(line.canMakeRoom(for: line.make("large", size: 4096 - 2 * ResendLine.overhead)))
        #expect(!line.canMakeRoom(for: line.make("large", size: 4097 - 2 * ResendLine.overhead)))
        line.withdraw(all[1])
        line.lose(.lostConnection, notSentFrom: 0)
        // What a channel has left behind counts as sent.
        #expect(!line.canMakeRoom(for: line.make("huge", size: 1 << 20)))
        line.withdraw(all[0])
        #expect(line.canMakeRoom(for: line.make("huge", size: 1 << 20)))
    }

    // MARK: Time

    @Test func deadlinesEverywhere() {
        let line = ResendLine(messages: 3)
        let nacked = line.make("nacked", deadline: line.now + 30)
        let lost = line.make("lost", deadline: line.now + 20)
        let inLine = line.make("inLine", deadline: line.now + 10)
        for publish in [nacked, lost, inLine] { line.accept(publish) }
        line.waitOutside(line.make("outside", deadline: line.now + 5))
        line.send(atMost: 2)
        line.end(nacked, .nacked)
        line.lose(.lostConnection)
        var expired: [String] = []
        for _ in 0..<4 {
            line.now = line.nextWake
            expired += line.expire()
        }
        #expect(expired == ["outside", "inLine", "lost", "nacked"])
        #expect(line.ended["outside"] == .notSent(reason: .timeout))
        #expect(line.ended["inLine"] == .notSent(reason: .timeout))
        #expect(line.ended["lost"] == .unknown(reason: .timeout))
        #expect(line.ended["nacked"] == .nacked)
        #expect(line.nextWake == .max)
        #expect(line.isEmpty)
    }

    // MARK: Memory

    /// What has ended is held by nothing, wherever it was and in whatever order they ended.
    @Test func whatHasEndedIsLetGo() {
        let line = ResendLine(messages: 40)
        var held: [Weak] = []
        do {
            var all: [ResendingPublish] = []
            for number in 0..<60 {
                let publish = line.make("\(number)")
                if !line.accept(publish) { line.waitOutside(publish) }
                all.append(publish)
            }
            line.send(atMost: 10)
            line.lose(.lostConnection)
            line.send(atMost: 5)
            held = all.map { Weak(publish: $0) }
            for publish in all.reversed() { line.withdraw(publish) }
        }
        #expect(line.isEmpty)
        _ = line.admitOutside()
        #expect(held.count { $0.publish != nil } == 0)
    }

    /// The last to end may be one that was on a channel.
    @Test func whatHasEndedBeforeTheLastIsLetGo() {
        let line = ResendLine()
        weak var waiting: ResendingPublish?
        let flying = line.accept("flying")
        line.send()
        do {
            let publish = line.make("waiting")
            line.accept(publish)
            line.withdraw(publish)
            waiting = publish
        }
        line.end(flying[0], .confirmed)
        #expect(waiting == nil)
    }

    private struct Weak {
        weak var publish: ResendingPublish?
    }
}
