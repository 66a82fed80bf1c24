import Testing

@testable import AMQPWire
@testable import SwiftAMQP

@Suite struct RPCQueueTests {
    private static func rpc(_ method: AMQPMethodID, deadline: Int64 = .max) -> RPC {
        RPC(frame: [], method: method, deadline: deadline)
    }

    @Test func oneIsUnderWayTheRestWaitInOrder() {
        var queue = RPCQueue()
        let (first, second, third) = (Self.rpc(.queueDeclare), Self.rpc(.basicQoS), Self.rpc(.queueDelete))
        #expect(queue.isEmpty)
        #expect(queue.add(first) == true)
        #expect(queue.add(second) == false)
        #expect(queue.add(third) == false)
        #expect(queue.awaited === first)
        #expect([first, second, third].map(\.state) == [.sent, .queued, .queued])

        let answer = queue.answer(.queueDeclareOK)
        #expect(answer?.answered === first)
        #expect(answer?.next === second)
        #expect([first, second, third].map(\.state) == [.done, .sent, .queued])
        #expect(queue.answer(.basicQoSOK)?.next === third)
        let last = queue.answer(.queueDeleteOK)
        #expect(last?.answered === third)
        #expect(last?.next == nil)
        #expect(queue.isEmpty)
        #expect(queue.answer(.queueDeleteOK) == nil)
    }

    @Test func anAnswerToSomethingElseIsNone() {
        var queue = RPCQueue()
        _ = queue.add(Self.rpc(.queueDeclare))
        for other in [.queueBindOK, .basicQoSOK, .channelOpenOK, .queueDeclare, .basicDeliver] as [AMQPMethodID] {
            #expect(queue.answer(other) == nil)
        }
        #expect(queue.awaited?.state == .sent)
    }

    @Test func everyMethodHasItsAnswer() {
        let pairs: [(AMQPMethodID, [AMQPMethodID])] = [
            (.channelOpen, [.channelOpenOK]), (.channelClose, [.channelCloseOK]), (.channelFlow, [.channelFlowOK]),
            (.exchangeDeclare, [.exchangeDeclareOK]), (.exchangeDelete, [.exchangeDeleteOK]),
            (.exchangeBind, [.exchangeBindOK]), (.exchangeUnbind, [.exchangeUnbindOK]),
            (.queueDeclare, [.queueDeclareOK]), (.queueBind, [.queueBindOK]), (.queueUnbind, [.queueUnbindOK]),
            (.queuePurge, [.queuePurgeOK]), (.queueDelete, [.queueDeleteOK]), (.basicQoS, [.basicQoSOK]),
            (.basicConsume, [.basicConsumeOK]), (.basicCancel, [.basicCancelOK]),
            (.basicGet, [.basicGetOK, .basicGetEmpty]), (.basicRecover, [.basicRecoverOK]),
            (.confirmSelect, [.confirmSelectOK]), (.txSelect, [.txSelectOK]), (.txCommit, [.txCommitOK]),
            (.txRollback, [.txRollbackOK]),
        ]
        let answers = pairs.flatMap(\.1)
        for (method, own) in pairs {
            let rpc = Self.rpc(method)
            #expect(answers.filter(rpc.accepts) == own, "\(method)")
        }
    }

    @Test func onlyWhatWasNotSentCanBeWithdrawn() {
        var queue = RPCQueue()
        let (first, second, third) = (Self.rpc(.queueDeclare), Self.rpc(.queueDeclare), Self.rpc(.queueDeclare))
        for rpc in [first, second, third] { _ = queue.add(rpc) }
        #expect(queue.withdraw(first) == false)
        #expect(queue.withdraw(second) == true)
        #expect(queue.withdraw(second) == false)
        #expect(queue.withdraw(Self.rpc(.queueDeclare)) == false)
        #expect(queue.answer(.queueDeclareOK)?.next === third)
    }

    @Test func deadlinesOfTheUnsent() {
        var queue = RPCQueue()
        #expect(queue.earliestDeadline == .max)
        let rpcs = [50, 30, 10, 30].map { Self.rpc(.queueDeclare, deadline: $0) }
        for rpc in rpcs { _ = queue.add(rpc) }
        #expect(queue.earliestDeadline == 10)
        #expect(queue.removeExpiredUnsent(now: 9).isEmpty == true)
        #expect(queue.removeExpiredUnsent(now: 30).map(ObjectIdentifier.init) == rpcs[1...].map(ObjectIdentifier.init))
        // The one under way is the channel's to judge.
        #expect(queue.earliestDeadline == 50)
        #expect(queue.removeExpiredUnsent(now: 60).isEmpty == true)
        #expect(queue.awaited === rpcs[0])
    }

    @Test func theEndTakesAllInOrder() {
        var queue = RPCQueue()
        let rpcs = (0..<5).map { _ in Self.rpc(.queueDeclare) }
        for rpc in rpcs { _ = queue.add(rpc) }
        #expect(queue.removeAll().map(ObjectIdentifier.init) == rpcs.map(ObjectIdentifier.init))
        #expect(rpcs.allSatisfy { $0.state == .done })
        #expect(queue.isEmpty)
        #expect(queue.removeAll().isEmpty == true)
    }
}
