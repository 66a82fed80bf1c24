@testable import AMQPWire
@testable import SwiftAMQP

/// The requests of a channel beside a list of them.
struct RequestRun: ~Copyable {
    private var queue = RPCQueue()
    /// The first one is under way.
    private var list: [RPC] = []
    private var recent: [RPC] = []
    private var now: Int64 = 0

    /// Each with its answers (AMQP 0-9-1, section 1.4 ff.); two of each kind, so that an answer can be mixed up.
    private static let kinds: [(request: AMQPMethodID, answers: [AMQPMethodID])] = [
        (.queueDeclare, [.queueDeclareOK]), (.queueDelete, [.queueDeleteOK]), (.queueUnbind, [.queueUnbindOK]),
        (.exchangeBind, [.exchangeBindOK]), (.exchangeUnbind, [.exchangeUnbindOK]), (.basicQoS, [.basicQoSOK]),
        (.basicGet, [.basicGetOK, .basicGetEmpty]), (.basicConsume, [.basicConsumeOK]),
        (.channelOpen, [.channelOpenOK]),
    ]

    mutating func step(_ choices: inout some Choices) throws {
        switch choices.below(32) {
        case 0..<12:
            guard list.count < 400 else { return }
            let kind = choices.pick(Self.kinds)
            let rpc = RPC(frame: [], method: kind.request, deadline: now + Int64(choices.below(200)))
            let isSentNow = queue.add(rpc)
            try hold(isSentNow == list.isEmpty, "sent while another is under way, or not sent at all")
            list.append(rpc)
            if recent.count == 16 { recent.removeFirst() }
            recent.append(rpc)
        case 12..<27: try answer(&choices)
        case 27, 28:
            guard !recent.isEmpty else { return }
            let rpc = choices.pick(recent)
            let place = list.dropFirst().firstIndex { $0 === rpc }
            let isTaken = queue.withdraw(rpc)
            try hold(isTaken == (place != nil), "withdrawn what was sent, or not what was not")
            if let place { list.remove(at: place) }
        case 29, 30:
            now += Int64(choices.below(40))
            let expired = queue.removeExpiredUnsent(now: now)
            let expected = list.dropFirst().filter { $0.deadline <= now }
            try hold(expired.elementsEqual(expected, by: ===), "\(expired.count) expired, not \(expected.count)")
            if !expected.isEmpty { list = list.prefix(1) + list.dropFirst().filter { $0.deadline > now } }
        default:
            guard choices.oneIn(16) else { return }
            let all = queue.removeAll()
            try hold(all.elementsEqual(list, by: ===), "the end took \(all.count) of \(list.count)")
            try hold(all.allSatisfy { $0.state == .done }, "one is not done")
            list = []
        }
        try compare()
    }

    private mutating func answer(_ choices: inout some Choices) throws {
        let right = list.first.flatMap { first in Self.kinds.first { $0.request == first.method }?.answers } ?? []
        let isRandom = choices.oneIn(4) || right.isEmpty
        let reply = isRandom ? choices.pick(choices.pick(Self.kinds).answers) : choices.pick(right)
        let answered = queue.answer(reply)
        guard right.contains(reply) else {
            try hold(answered == nil, "\(reply.name) answers \(answered?.answered.method.name ?? "")")
            return
        }
        let first = list.removeFirst()
        try hold(answered?.answered === first && first.state == .done, "\(reply.name) answers another request")
        try hold(answered?.next === list.first, "another one comes next")
    }

    private func compare() throws(Finding) {
        try hold(
            queue.count == list.count && queue.isEmpty == list.isEmpty, "\(queue.count) requests, not \(list.count)")
        try hold(queue.awaited === list.first, "another one is awaited")
        try hold(list.first?.state ?? .sent == .sent, "the one under way is not sent")
        try hold(list.count < 2 || list[list.count - 1].state == .queued, "one that waits was sent")
        let earliest = list.reduce(Int64.max) { min($0, $1.deadline) }
        try hold(
            queue.earliestDeadline == earliest, "the earliest deadline is \(queue.earliestDeadline), not \(earliest)")
    }
}
