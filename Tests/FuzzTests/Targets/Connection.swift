import Glibc

@testable import AMQPTransport
@testable import AMQPWire
@testable import SwiftAMQP

extension FuzzTarget {
    /// A hostile server at a whole connection, with a channel that has consumers, requests under way and publishes
    /// without an answer, while the program settles, reads and closes.
    static let connection = FuzzTarget(
        name: "connection", maxLength: 8192,
        run: { input in
            // The input outlives the call: this thread waits for the loop's.
            nonisolated(unsafe) let input = input
            try LoopThread.run { try fuzz(input) }
        },
        seeds: {
            let handshake = try Seeds.handshake()
            let traffic = try Seeds.channelTraffic()
            let open = traffic.map { [0, 3, 2, 2] + $0 }
            let busy = traffic.map { [0, 255, 7, 3, 1, 2, 3, 4, 5, 6, 7] + traffic[2] + $0 }
            return [[1, 0, 0, 0] + handshake, [1, 1, 0, 0] + handshake + traffic[12]] + open + busy
        })

    /// The connections of the two inputs before. The loop lets go of its jobs a turn after it has run them, so the older
    /// one must be gone.
    nonisolated(unsafe) private static var last = Released()
    nonisolated(unsafe) private static var beforeLast = Released()

    private struct Released {
        weak var core: ConnectionCore?
        weak var channel: ChannelCore?
    }

    private static func fuzz(_ input: UnsafeRawBufferPointer) throws {
        try hold(beforeLast.core == nil && beforeLast.channel == nil, "a connection that has ended is still held")
        beforeLast = last
        var choices = ByteChoices(input)
        let isOpen = choices.below(4) != 1
        let fuzzed = try FuzzedConnection(maximumBodySize: isOpen ? 1 << 20 : 1000)
        defer { fuzzed.closePeer() }
        last = Released(core: fuzzed.core)
        if isOpen { try fuzzed.open() }
        let pieces = Pieces(choices.below(256))
        if isOpen { try fuzzed.openChannel(requests: choices.below(8), publishes: choices.below(8)) }
        last.channel = fuzzed.channel
        var steps: [Int] = []
        if isOpen, fuzzed.hasProgram { for _ in 0..<7 { steps.append(choices.below(256)) } }
        try fuzzed.feed(choices.rest, pieces: pieces, steps: steps)
        try fuzzed.end()
    }
}
