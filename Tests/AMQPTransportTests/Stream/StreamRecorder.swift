import AMQPTransport

/// The owner of a stream under test: records what it is told, and does what the test wants to happen there.
final class StreamRecorder: SocketStreamDelegate {
    enum Event: Equatable, Sendable {
        case read(Int)
        case finishedReading
        case room
        case closed(StreamCloseReason)
    }

    struct Record: Sendable {
        var bytes: [UInt8] = []
        var events: [Event] = []
        var closeReason: StreamCloseReason? {
            for case .closed(let reason) in events { return reason }
            return nil
        }
        var rooms: Int { events.count { $0 == .room } }
    }

    let changes = Changes()
    private let record = Box(Record())
    /// How many bytes of what was read to consume; all of them where there is no hook.
    private let onRead = Box<(@Sendable (UnsafeRawBufferPointer) -> Int)?>(nil)
    private let onRoom = Box<(@Sendable () -> Void)?>(nil)

    var current: Record { record.get() }
    var bytes: [UInt8] { record.withLock { $0.bytes } }

    func whenRead(_ hook: @escaping @Sendable (UnsafeRawBufferPointer) -> Int) { onRead.set(hook) }
    func whenRoom(_ hook: @escaping @Sendable () -> Void) { onRoom.set(hook) }

    func wait(until condition: (Record) -> Bool) -> Bool { changes.wait { condition(record.get()) } }

    func streamDidRead(_ bytes: UnsafeRawBufferPointer) -> Int {
        record.withLock { $0.events.append(.read(bytes.count)) }
        let consumed = onRead.get()?(bytes) ?? bytes.count
        record.withLock { $0.bytes += bytes.prefix(consumed) }
        changes.note()
        return consumed
    }

    func streamWillRead(_ read: (UnsafeMutableRawBufferPointer) -> Int) {}

    func streamDidFinishReading() {
        record.withLock { $0.events.append(.finishedReading) }
        changes.note()
    }

    func streamDidRest() {}

    func streamHasRoom() {
        record.withLock { $0.events.append(.room) }
        onRoom.get()?()
        changes.note()
    }

    func streamDidClose(_ reason: StreamCloseReason) {
        record.withLock { $0.events.append(.closed(reason)) }
        changes.note()
    }
}
