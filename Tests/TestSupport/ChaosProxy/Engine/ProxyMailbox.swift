import Glibc

/// Hands work to the thread of a proxy, and wakes it.
final class ProxyMailbox: Sendable {
    /// Runs on the proxy's thread; gets `nil` where the proxy has been stopped.
    typealias Command = @Sendable (ProxyCore?) -> Void

    private struct State: Sendable {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = Locked(State())
    private let pipe: Pipe

    init() throws(HarnessError) { pipe = try Pipe() }

    deinit {
        close(pipe.readEnd)
        close(pipe.writeEnd)
    }

    /// Readable when there is something to take.
    var descriptor: Int32 { pipe.readEnd }

    func post(_ command: @escaping Command) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.commands.append(command) }
            return state.isClosed
        }
        if isClosed { return command(nil) }
        var byte: UInt8 = 1
        // A full pipe wakes well enough.
        _ = send(pipe.writeEnd, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    func take() -> [Command] {
        var bytes = [UInt8](repeating: 0, count: 64)
        // Before the commands are taken, so that none is left behind without a byte.
        while recv(pipe.readEnd, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
        return state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// From now on commands run at once and without a core. Returns what has not been taken.
    func shut() -> [Command] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }
}
