import Testing

@testable import AMQPWire
@testable import SwiftAMQP

@Suite struct ContentAssemblerTests {
    private static let announcement = ContentAssembler.Announcement.get(
        .init(deliveryTag: 7, redelivered: false, exchange: "e", routingKey: "k", messageCount: 0))
    private static let returned = ContentAssembler.Announcement.returned(
        .init(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k"))

    private static let raw: [UInt8] = [0x10, 0x00, 2]

    /// A complete message, as the channel takes it out.
    private struct Content {
        let properties: AMQPProperties
        let propertiesHash: PublishFingerprint.PropertiesHash?
        let body: [UInt8]

        init?(_ isComplete: Bool, _ assembler: inout ContentAssembler) {
            guard isComplete else { return nil }
            properties = assembler.properties
            propertiesHash = assembler.propertiesHash
            body = assembler.takeBody()
        }
    }

    private static func header(
        _ assembler: inout ContentAssembler, size: UInt64, maximum: Int = 1 << 27
    ) throws -> Content? {
        let isComplete = try raw.withUnsafeBytes {
            try assembler.header(
                ContentHeader(bodySize: size, properties: AMQPProperties(priority: 3), rawProperties: $0),
                maximumBodySize: maximum)
        }
        return Content(isComplete, &assembler)
    }

    private static func body(_ assembler: inout ContentAssembler, _ bytes: [UInt8]) throws -> Content? {
        let isComplete = try bytes.withUnsafeBytes { try assembler.body($0) }
        return Content(isComplete, &assembler)
    }

    private static func refuses(
        _ kind: WireError.Kind, _ body: () throws -> Content?, _ comment: Comment? = nil
    ) {
        do {
            _ = try body()
            Issue.record(comment ?? "nothing was thrown")
        } catch {
            #expect((error as? WireError)?.kind == kind, comment)
        }
    }

    @Test func aMessageWithoutABodyIsCompleteWithItsHeader() throws {
        var assembler = ContentAssembler()
        #expect(assembler.isIdle)
        try assembler.begin(Self.announcement)
        #expect(!assembler.isIdle)
        let content = try #require(try Self.header(&assembler, size: 0))
        #expect(content.body == [])
        #expect(content.properties.priority == 3)
        #expect(content.propertiesHash == nil)
        #expect(assembler.isIdle)
    }

    @Test(arguments: [1, 2, 3, 10, 99, 100] as [Int]) func aBodyInPieces(piece: Int) throws {
        var assembler = ContentAssembler()
        let body = (0..<100).map { UInt8($0) }
        for _ in 0..<3 {
            try assembler.begin(Self.announcement)
            #expect(try Self.header(&assembler, size: 100) == nil)
            for lower in stride(from: 0, to: 100, by: piece) {
                let upper = min(100, lower + piece)
                let content = try Self.body(&assembler, Array(body[lower..<upper]))
                #expect((content != nil) == (upper == 100))
                if let content { #expect(content.body == body) }
            }
            #expect(assembler.isIdle)
        }
    }

    @Test func emptyBodyFramesDoNoHarm() throws {
        var assembler = ContentAssembler()
        try assembler.begin(Self.announcement)
        _ = try Self.header(&assembler, size: 2)
        for _ in 0..<3 { #expect(try Self.body(&assembler, []) == nil) }
        #expect(try Self.body(&assembler, [1]) == nil)
        #expect(try Self.body(&assembler, []) == nil)
        #expect(try Self.body(&assembler, [2])?.body == [1, 2])
    }

    @Test func moreThanWasDeclaredIsRefused() throws {
        for first in [0, 1, 3] {
            var assembler = ContentAssembler()
            try assembler.begin(Self.announcement)
            _ = try Self.header(&assembler, size: 4)
            _ = try Self.body(&assembler, [UInt8](repeating: 1, count: first))
            Self.refuses(.frameError, { try Self.body(&assembler, [UInt8](repeating: 1, count: 5 - first)) })
        }
    }

    @Test func framesOutOfTurnAreRefused() throws {
        var idle = ContentAssembler()
        Self.refuses(.unexpectedFrame, { try Self.header(&idle, size: 1) }, "a header before its method")
        Self.refuses(.unexpectedFrame, { try Self.body(&idle, [1]) }, "a body before its method")

        var waiting = ContentAssembler()
        try waiting.begin(Self.announcement)
        Self.refuses(.unexpectedFrame, { try Self.body(&waiting, [1]) }, "a body before its header")
        Self.refuses(
            .unexpectedFrame,
            {
                try waiting.begin(Self.announcement)
                return nil
            }, "a method before the header")

        _ = try Self.header(&waiting, size: 2)
        Self.refuses(.unexpectedFrame, { try Self.header(&waiting, size: 2) }, "a second header")
        _ = try Self.body(&waiting, [1])
        Self.refuses(
            .unexpectedFrame,
            {
                try waiting.begin(Self.announcement)
                return nil
            }, "a method in the middle of a body")
        #expect(try Self.body(&waiting, [2])?.body == [1, 2])
        Self.refuses(.unexpectedFrame, { try Self.body(&waiting, [3]) }, "a body after the last byte")
    }

    @Test func theLimitIsForTheDeclaredSize() throws {
        for (size, isTaken) in [(100, true), (101, false), (1 << 62, false), (1 << 63, false), (.max, false)]
            as [(UInt64, Bool)]
        {
            var assembler = ContentAssembler()
            try assembler.begin(Self.announcement)
            if isTaken {
                #expect(try Self.header(&assembler, size: size, maximum: 100) == nil)
            } else {
                Self.refuses(.frameError, { try Self.header(&assembler, size: size, maximum: 100) })
            }
        }
    }

    /// The size is a claim: memory is taken for what comes. 2^62 bytes could not be had.
    @Test func aHugeClaimTakesNoMemory() throws {
        var assembler = ContentAssembler()
        try assembler.begin(Self.announcement)
        #expect(try Self.header(&assembler, size: 1 << 62, maximum: .max) == nil)
        #expect(try Self.body(&assembler, [1, 2, 3]) == nil)
        #expect(try Self.body(&assembler, [UInt8](repeating: 0, count: 3 << 20)) == nil)
        var beyond = ContentAssembler()
        try beyond.begin(Self.announcement)
        Self.refuses(.frameError, { try Self.header(&beyond, size: 1 << 63, maximum: .max) })
    }

    @Test func aReturnRemembersWhatItsPropertiesLookedLike() throws {
        var assembler = ContentAssembler()
        try assembler.begin(Self.returned)
        _ = try Self.header(&assembler, size: 1)
        let content = try #require(try Self.body(&assembler, [1]))
        #expect(content.propertiesHash == Self.raw.withUnsafeBytes { .init($0) })
        // What comes next on the channel is no return.
        try assembler.begin(Self.announcement)
        let next = try #require(try Self.header(&assembler, size: 0))
        #expect(next.propertiesHash == nil)
        #expect(next.body == [])
    }

    @Test func aLargeBodyInManyFrames() throws {
        var assembler = ContentAssembler()
        let piece = (0..<131_064).map { UInt8(truncatingIfNeeded: $0) }
        let count = 60
        try assembler.begin(Self.announcement)
        _ = try Self.header(&assembler, size: UInt64(piece.count * count))
        for index in 1...count {
            let content = try Self.body(&assembler, piece)
            #expect((content == nil) == (index < count))
            guard let content else { continue }
            #expect(content.body.count == piece.count * count)
            #expect(
                (0..<count).allSatisfy { content.body[$0 * piece.count..<($0 + 1) * piece.count].elementsEqual(piece) })
        }
    }

    /// A frame is taken as it comes: some of it from a buffer, some read to where it stays.
    @Test(arguments: [1, 2, 7, 300, 599, 600] as [Int]) func aBodyFrameInParts(piece: Int) throws {
        let body = (0..<1200).map { UInt8(truncatingIfNeeded: $0) }
        var assembler = ContentAssembler()
        for _ in 0..<2 {
            try assembler.begin(Self.announcement)
            _ = try Self.header(&assembler, size: 1200)
            for frame in [body[..<600], body[600...]] {
                expect(assembler.beginBodyFrame(600))
                var rest = frame
                var isRead = false
                while !rest.isEmpty {
                    let part = rest.prefix(piece)
                    rest = rest.dropFirst(piece)
                    expect(!assembler.endBodyFrame(), "it has its end before its bytes")
                    if isRead {
                        assembler.part { place in
                            #expect(place.count == part.count + rest.count)
                            place.copyBytes(from: part)
                            return part.count
                        }
                    } else {
                        Array(part).withUnsafeBytes { assembler.part($0) }
                    }
                    #expect(assembler.frameRest == rest.count)
                    isRead.toggle()
                }
                expect(assembler.endBodyFrame() == (frame.endIndex == 1200))
            }
            expect(assembler.takeBody() == body)
            #expect(assembler.isIdle)
        }
    }

    @Test func whatIsBehindAFrameIsNotTaken() throws {
        var assembler = ContentAssembler()
        try assembler.begin(Self.announcement)
        _ = try Self.header(&assembler, size: 1000)
        expect(assembler.beginBodyFrame(10))
        [UInt8](repeating: 1, count: 20).withUnsafeBytes { assembler.part($0) }
        #expect(assembler.frameRest == 0)
        assembler.part { _ in
            Issue.record("there is nothing to read")
            return 0
        }
        expect(!assembler.endBodyFrame())
        expect(assembler.beginBodyFrame(990))
        // Neither does a reader that claims more than there was room for.
        assembler.part { place in
            place.initializeMemory(as: UInt8.self, repeating: 2)
            return .max
        }
        expect(assembler.endBodyFrame())
        expect(assembler.takeBody() == [UInt8](repeating: 1, count: 10) + [UInt8](repeating: 2, count: 990))
    }

    @Test func aFrameThatDoesNotBelongHereIsWaitedFor() throws {
        var assembler = ContentAssembler()
        expect(!assembler.beginBodyFrame(600), "a body before its method")
        try assembler.begin(Self.announcement)
        expect(!assembler.beginBodyFrame(600), "a body before its header")
        _ = try Self.header(&assembler, size: 600)
        expect(!assembler.beginBodyFrame(601), "more than is declared")
        expect(assembler.beginBodyFrame(600))
        var small = ContentAssembler()
        try small.begin(Self.announcement)
        _ = try Self.header(&small, size: UInt64(DeliveryBatch.largestSmallBody))
        expect(!small.beginBodyFrame(1), "a small body has its place elsewhere")
    }

    /// Memory is taken for the frames that come, also where a frame claims to be large.
    @Test func aHugeFrameTakesNoMemoryBeforeItComes() throws {
        var assembler = ContentAssembler()
        try assembler.begin(Self.announcement)
        _ = try Self.header(&assembler, size: 1 << 40, maximum: .max)
        expect(assembler.beginBodyFrame(1 << 31))
        for count in [1, 5_000_000] {
            [UInt8](repeating: 0, count: count).withUnsafeBytes { assembler.part($0) }
            assembler.part { place in
                #expect(place.count <= 16 << 20)
                return 0
            }
        }
    }

    /// `#expect` cannot hold a call that changes a value.
    private func expect(_ condition: Bool, _ comment: Comment? = nil, at location: SourceLocation = #_sourceLocation) {
        #expect(condition, comment, sourceLocation: location)
    }
}
