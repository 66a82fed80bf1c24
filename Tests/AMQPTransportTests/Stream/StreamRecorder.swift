import AMQPTransport

/// The owner of a stream under test: records what it is told, and does what the test wants to happen there.
final class StreamRecorder: SocketStreamDelegate {
    enum Event: Equatable, Sendable {
        case read(Int)
        /// So much was read to the owner's own memory.
        case place(Int)
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
    /// How large the memory is that the owner offers to read to.
    private let placeSize = Box(0)
    /// How long not to read after a turn.
    private let pause = Box<Int64>(0)
    private let onRoom = Box<(@Sendable () -> Void)?>(nil)

    var current: Record { record.get() }
    var bytes: [UInt8] { record.withLock { $0.bytes } }

    func whenRead(_ hook: @escaping @Sendable (UnsafeRawBufferPointer) -> Int) { onRead.set(hook) }
    func offerPlace(_ size: Int) { placeSize.set(size) }
    func setPause(nanoseconds: Int64) { pause.set(nanoseconds) }
    func whenRoom(_ hook: @escaping @Sendable () -> Void) { onRoom.set(hook) }

    func wait(until condition: (Record) -> Bool) -> Bool { changes.wait { condition(record.get()) } }

    func streamDidRead(_ bytes: UnsafeRawBufferPointer) -> Int {
        record.withLock { $0.events.append(.read(bytes.count)) }
        let consumed = onRead.get()?(bytes) ?? bytes.count
        record.withLock { $0.bytes += bytes.prefix(consumed) }
        changes.note()
        return consumed
    }

    func streamWillRead(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
        let size = placeSize.get()
        guard size > 0 else { return }
        var place = [UInt8](repeating: 0, count: size)
        let count = place.withUnsafeMutableBytes { read($0) }
        guard count > 0 else { return }
        placeSize.withLock { $0 -= count }
        record.withLock {
            $0.bytes += place.prefix(count)
            $0.events.append(.place(count))
        }
        changes.note()
    }

    func streamDidFinishReading(_ byteCount: Int) -> Int64 {
        record.withLock { $0.events.append(.finishedReading) }
        changes.note()
        return pause.get()
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
