@testable import AMQPWire
@testable import SwiftAMQP

extension FuzzTarget {
    /// Frames of one channel into the assembler: whole messages come out, byte for byte what the frames said, and
    /// nothing that breaks the order of frames gets through.
    static let content = FuzzTarget(
        name: "content", maxLength: 8192,
        run: { input in
            var choices = ByteChoices(input)
            let number = choices.below(256)
            var run = ContentRun(
                maximumBodySize: [128 << 20, 100, 0, .max][number % 4], pieces: Pieces(number / 4))
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

    /// How body frames are taken that come in parts.
    private var pieces: Pieces
    private var isRead = false

    init(maximumBodySize: Int, pieces: Pieces) {
        self.maximumBodySize = maximumBodySize
        self.pieces = pieces
    }

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
        let isTakenInParts = assembler.beginBodyFrame(payload.count)
        try hold(
            isTakenInParts == (isRight && declared > UInt64(DeliveryBatch.largestSmallBody)),
            "a body frame of \(payload.count) bytes of \(declared) is taken in parts, or is not")
        if isTakenInParts { return try parts(payload) }
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

    private mutating func parts(_ payload: UnsafeRawBufferPointer) throws -> Bool {
        var rest = payload[...]
        while !rest.isEmpty {
            try hold(!assembler.endBodyFrame(), "a message is complete before its last byte")
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(pieces.next()))
            if isRead {
                var room = 0
                assembler.part { place in
                    room = place.count
                    let taken = UnsafeRawBufferPointer(rebasing: part.prefix(room))
                    place.copyMemory(from: taken)
                    return taken.count
                }
                try hold(room > 0 && room <= rest.count, "room for \(room) of \(rest.count) bytes")
                rest = rest.dropFirst(min(room, part.count))
            } else {
                withExactBytes(part) { assembler.part($0) }
                rest = rest.dropFirst(part.count)
            }
            isRead.toggle()
            try hold(assembler.frameRest == rest.count, "\(assembler.frameRest) bytes lack, not \(rest.count)")
        }
        received += payload
        let isComplete = assembler.endBodyFrame()
        try hold(isComplete == (UInt64(received.count) == declared), "\(received.count) of \(declared) bytes")
        if isComplete { try complete(lastPiece: UnsafeRawBufferPointer(start: nil, count: 0)) }
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
