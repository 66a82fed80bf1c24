import Testing

@testable import SwiftAMQP

@Suite struct SettlesUnderWayTests {
    private func written(_ count: Int, queues: [String]) -> SettlesUnderWay {
        var settles = SettlesUnderWay()
        for queue in queues { settles.note(queue: queue) }
        for _ in 0..<count { settles.noteWritten() }
        return settles
    }

    @Test func asManyAsTheBrokerPassesOnAreSafe() {
        #expect(!written(32, queues: ["q"]).canBeForgotten)
        #expect(written(33, queues: ["q"]).canBeForgotten)
    }

    @Test func whatHasTakenEffectIsSafe() {
        var settles = written(100, queues: ["q"])
        settles.haveTakenEffect(upTo: 67, ofQueue: "q")
        #expect(settles.canBeForgotten)
        settles.haveTakenEffect(upTo: 68, ofQueue: "q")
        #expect(!settles.canBeForgotten)
        // An answer that is late takes nothing back.
        settles.haveTakenEffect(upTo: 1, ofQueue: "q")
        #expect(!settles.canBeForgotten)
    }

    @Test func theAnswerOfOneQueueSaysNothingOfAnother() {
        var settles = written(33, queues: ["q", "r"])
        settles.haveTakenEffect(upTo: 33, ofQueue: "q")
        #expect(settles.canBeForgotten)
        settles.haveTakenEffect(upTo: 33)
        #expect(!settles.canBeForgotten)
    }

    @Test func aQueueThatTheBrokerNamedIsNoQuorumQueue() {
        #expect(!written(33, queues: ["amq.gen-JzTY20BRgKO-HjmUJj0wLg"]).canBeForgotten)
        #expect(written(33, queues: ["amq.gen-JzTY20BRgKO-HjmUJj0wLg", "q"]).canBeForgotten)
    }

    @Test func ofManyQueuesSomeAreRemembered() {
        let settles = written(33, queues: (0..<1000).map { "q\($0)" })
        #expect(settles.queues.count == SettlesUnderWay.mostQueues)
    }
}
