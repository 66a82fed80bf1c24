@testable import AMQPWire
@testable import SwiftAMQP

extension FuzzTarget {
    /// Frames of one channel into the assembler: whole messages come out, byte for byte what the frames said, and
    /// nothing that breaks the order of frames gets through.
    static let content = FuzzTarget(
        name: "content", maxLength: 8192,
        run: { input in
            var choices = ByteChoices(input)
            var run = ContentRun(maximumBodySize: choices.pick([128 << 20, 100, 0, .max]))
            try run.feed(choices.rest)
        },
        seeds: { try Seeds.channelTraffic().flatMap { [[0] + $0, [1] + $0 + $0] } })
}

private struct ContentRun: ~Copyable {
    private let maximumBodySize: Int
    private let splitter = FrameSplitter(maxFrameSize: 4096, channelMax: .max)
    private let decoder = WireDecoder()
    private var assembler = ContentAssembler()
    /// The model: what was announced and what came of it.
    private var awaited = Awaited.method
    private var declared: UInt64 = 0
    private var received: [UInt8] = []

    private enum Awaited { case method, header, body }

    init(maximumBodySize: Int) { self.maximumBodySize = maximumBodySize }

    mutating func feed(_ stream: UnsafeRawBufferPointer) throws {
        var offset = 0
        while let frame = try? splitter.next(in: UnsafeRawBufferPointer(rebasing: stream[offset...])) {
            offset += frame.totalSize
            switch frame.type {
            case .method: guard try method(frame.payload) else { return }
            case .header: guard try header(frame.payload) else { return }
            case .body: guard try body(frame.payload) else { return }
            case .heartbeat: break
            }
            try hold(
                assembler.isIdle == (awaited == .method), "idle in the middle of a message, or the other way round")
        }
    }

    /// False where the connection ends.
    private mutating func method(_ payload: UnsafeRawBufferPointer) throws -> Bool {
        guard let method = try? decoder.decodeMethod(payload) else { return false }
        let announcement: ContentAssembler.Announcement
        switch method {
        case .basicDeliver: announcement = .deliver
        case .basicGetOK(let get): announcement = .get(get)
        case .basicReturn(let returned): announcement = .returned(returned)
        default: return awaited == .method
        }
        let isTaken = (try? assembler.begin(announcement)) != nil
        try hold(isTaken == (awaited == .method), "\(method.name) where \(awaited) was awaited")
        awaited = .header
        return isTaken
    }

    private mutating func header(_ payload: UnsafeRawBufferPointer) throws -> Bool {
        let isComplete: Bool
        do throws(WireError) {
            isComplete = try take(header: payload)
        } catch {
            let size = try? WireDecoder.bodySize(ofContentHeader: payload)
            let isRight = awaited != .header || size.map { $0 > UInt64(maximumBodySize) } ?? true
            try hold(isRight, "a header was refused: \(error)")
            return false
        }
        try hold(awaited == .header, "a header where \(awaited) was awaited")
        declared = try WireDecoder.bodySize(ofContentHeader: payload)
        try hold(declared <= UInt64(maximumBodySize), "a body of \(declared) bytes")
        try hold(isComplete == (declared == 0), "complete with \(declared) bytes to come")
        received = []
        awaited = .body
        if isComplete { try complete(lastPiece: UnsafeRawBufferPointer(start: nil, count: 0)) }
        return true
    }

    private mutating func take(header payload: UnsafeRawBufferPointer) throws(WireError) -> Bool {
        let header: ContentHeader
        do throws(WireError) {
            header = try decoder.decodeContentHeader(payload)
        } catch {
            guard error.scope == .message else { throw error }
            return try assembler.unreadableHeader(
                bodySize: try WireDecoder.bodySize(ofContentHeader: payload), error, maximumBodySize: maximumBodySize)
        }
        return try assembler.header(header, maximumBodySize: maximumBodySize)
    }

    private mutating func body(_ payload: UnsafeRawBufferPointer) throws -> Bool {
        let isRight = awaited == .body && UInt64(payload.count) <= declared - UInt64(received.count)
        guard let isComplete = try? assembler.body(payload) else {
            try hold(!isRight, "a body frame of \(payload.count) bytes was refused")
            return false
        }
        try hold(isRight, "a body frame where \(awaited) was awaited, or more than was declared")
        received += payload
        try hold(isComplete == (UInt64(received.count) == declared), "\(received.count) of \(declared) bytes")
        if isComplete { try complete(lastPiece: payload) }
        return true
    }

    private mutating func complete(lastPiece: UnsafeRawBufferPointer) throws {
        let body: [UInt8]
        if case .deliver = assembler.completed {
            body = assembler.takeLargeBody() ?? Array(lastPiece)
        } else {
            body = assembler.takeBody()
        }
        try hold(body == received, "\(body.count) bytes came out, \(received.count) went in")
        awaited = .method
    }
}
