@testable import AMQPWire
@testable import SwiftAMQP

extension FuzzTarget {
    /// A hostile server from its first byte on: splitter, decoder and the state machine of channel 0.
    static let handshake = FuzzTarget(
        name: "handshake", maxLength: 4096,
        run: { input in
            var choices = ByteChoices(input)
            let offer = HandshakeRun.offer(frameMax: choices.pick([131_072, 8192]), heartbeat: choices.pick([20, 0]))
            // After how many methods this side closes; most inputs do not.
            let closesAfter = choices.oneIn(4) ? choices.below(4) : .max
            let pieces = Pieces(choices.below(256))
            let stream = choices.rest

            var whole = HandshakeRun(offer, closesAfter: closesAfter)
            try whole.feed(stream, pieces: Pieces(0))
            var chopped = HandshakeRun(offer, closesAfter: closesAfter)
            try chopped.feed(stream, pieces: pieces)
            // A NaN among the properties of the server does not equal itself; as text it does.
            let isSame = whole.actions == chopped.actions || "\(whole.actions)" == "\(chopped.actions)"
            try hold(isSame, "the size of the pieces made a difference")
        },
        seeds: {
            let handshake = try Seeds.handshake()
            let secure = try Seeds.frames([Samples.start, .connectionSecure(.init(challenge: [1]))])
            let refused = try Seeds.frames([
                Samples.start,
                .connectionClose(.init(replyCode: 403, replyText: "ACCESS_REFUSED", classID: 0, methodID: 0)),
            ])
            // A server that repeats what it was told.
            let echo = "no: \(HandshakeRun.password)"
            let echoes = try Seeds.frames([
                Samples.start, .connectionClose(.init(replyCode: 403, replyText: echo, classID: 0, methodID: 0)),
            ])
            let blocked = handshake + (try Seeds.frames([.connectionBlocked(.init(reason: echo))]))
            let after = try Seeds.channelTraffic().suffix(2).map { handshake + $0 }
            let closed = try Seeds.frames([.connectionUpdateSecretOK, .connectionCloseOK])
            let other: [[UInt8]] = [[0x41, 0x4D, 0x51, 0x50, 0, 1, 0, 0], Array("HTTP/1.1 400 Bad Request\r\n".utf8)]
            return ([handshake, secure, refused, echoes, blocked, handshake + closed] + after + other).flatMap {
                [[0, 0, 1, 0] + $0, [1, 1, 0, 2, 1] + $0]
            }
        })
}

/// A connection without a socket: what ``ConnectionCore`` does with the bytes before any channel exists.
private struct HandshakeRun: ~Copyable {
    static let password = "s3cretPassw0rd"

    private var machine: ConnectionStateMachine
    private var splitter: FrameSplitter
    private let decoder = WireDecoder()
    private let offer: ConnectionStateMachine.Offer
    private let closesAfter: Int
    private var methods = 0
    private var hasHeard = false
    /// Behind an error of the framing nothing counts.
    private var hasFailed = false
    private var frameMax: Int
    private var lastState = 0
    private(set) var actions: [ConnectionStateMachine.Action] = []

    static func offer(frameMax: UInt32, heartbeat: UInt16) -> ConnectionStateMachine.Offer {
        .init(
            username: "svc", password: password, virtualHost: "prod", clientProperties: ["product": "fuzz"],
            channelMax: 2047, frameMax: frameMax, heartbeat: heartbeat)
    }

    init(_ offer: ConnectionStateMachine.Offer, closesAfter: Int) {
        self.offer = offer
        self.closesAfter = closesAfter
        machine = ConnectionStateMachine(offer: offer)
        splitter = FrameSplitter(maxFrameSize: Int(offer.frameMax), channelMax: 0)
        frameMax = Int(offer.frameMax)
    }

    mutating func feed(_ stream: UnsafeRawBufferPointer, pieces: Pieces) throws {
        var pieces = pieces
        try handle(.connected)
        var start = 0
        var end = 0
        while end < stream.count, machine.state != .ended, !hasFailed {
            end += min(pieces.next(), stream.count - end)
            try withExactBytes(stream[start..<end]) { start += try take($0) }
            try hold(end - start < frameMax, "more than a frame waits for more")
        }
    }

    /// How many bytes were used up.
    private mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        if !hasHeard {
            switch FrameSplitter.protocolHeader(in: bytes) {
            case .incomplete: return 0
            case .version(let id, let major, let minor, let revision):
                try handle(.protocolHeader("AMQP \(major)-\(minor)-\(revision) (protocol id \(id))"))
                try hold(machine.state == .ended, "it goes on with another protocol")
                return bytes.count
            case nil: hasHeard = true
            }
        }
        var used = 0
        while machine.state != .ended {
            let next: (method: AMQPMethod?, size: Int)?
            do throws(WireError) {
                next = try method(in: UnsafeRawBufferPointer(rebasing: bytes[used...]))
            } catch {
                try hold(error.replyCode != nil, "\(error) cannot be told to the peer")
                try handle(.closeRequested(replyCode: error.replyCode ?? 0, text: "protocol error"))
                hasFailed = true
                return bytes.count
            }
            guard let next else { return used }
            used += next.size
            guard let method = next.method else { continue }
            try handle(.method(method))
            methods += 1
            if methods == closesAfter { try handle(.closeRequested(replyCode: 200, text: "Goodbye")) }
        }
        return bytes.count
    }

    private func method(in bytes: UnsafeRawBufferPointer) throws(WireError) -> (AMQPMethod?, Int)? {
        guard let frame = try splitter.next(in: bytes) else { return nil }
        switch frame.type {
        case .method: return (try decoder.decodeMethod(frame.payload), frame.totalSize)
        case .heartbeat: return (nil, frame.totalSize)
        case .header, .body: throw WireError(.unexpectedFrame, "a content frame came on channel 0")
        }
    }

    private mutating func handle(_ event: ConnectionStateMachine.Event) throws {
        let before = machine.state
        let new = machine.handle(event)
        try hold(before != .ended || new.isEmpty, "something happens after the end")
        let order: [ConnectionStateMachine.State] = [.idle, .start, .tune, .openOK, .open, .closeOK, .ended]
        let place = order.firstIndex(of: machine.state) ?? 0
        try hold(place >= lastState, "back from \(before) to \(machine.state)")
        lastState = place
        for action in new { try check(action, before) }
        actions += new
    }

    private mutating func check(_ action: ConnectionStateMachine.Action, _ before: ConnectionStateMachine.State) throws
    {
        switch action {
        case .sendProtocolHeader: try hold(actions.isEmpty, "a protocol header in the middle")
        case .send(let method):
            // In the smallest frame that may have been agreed on.
            let frame = try FrameEncoder.frame(method, channel: 0, maxFrameSize: min(frameMax, 8192))
            let isLogin = method.id == .connectionStartOK
            try hold(isLogin || !Self.holdsPassword(frame), "\(method.name) shows the password")
            try hold(method.id.mayBeSent(by: .client), "\(method.name) is the server's to send")
        case .tune(let agreed):
            try hold(before == .tune, "tuned twice")
            try hold((4096...offer.frameMax).contains(agreed.frameMax), "frames of \(agreed.frameMax) bytes")
            try hold((1...offer.channelMax).contains(agreed.channelMax), "\(agreed.channelMax) channels")
            try hold(agreed.heartbeat <= offer.heartbeat, "a heartbeat of \(agreed.heartbeat) s")
            try hold((offer.heartbeat == 0) == (agreed.heartbeat == 0), "a heartbeat of \(agreed.heartbeat) s")
            frameMax = Int(agreed.frameMax)
            splitter.maxFrameSize = frameMax
            splitter.channelMax = agreed.channelMax
        case .opened: try hold(before == .openOK, "open without open-ok")
        case .setBlocked(let reason): try hold(!Self.holdsPassword((reason ?? "").utf8), "the password is shown")
        case .closedByPeer(let error), .fail(let error):
            try hold(machine.state == .ended, "an error that does not end it")
            // Before it logged in, no server can have the password from us.
            try hold(before == .start || !Self.holdsPassword("\(error)".utf8), "the password is shown")
        case .closeAnswered: try hold(machine.state == .ended, "it goes on behind close-ok")
        case .secretUpdated: try hold(before == .open, "a secret before it is open")
        }
    }

    private static func holdsPassword(_ bytes: some Collection<UInt8>) -> Bool { bytes.holds(password.utf8) }
}
