import Glibc

/// A small process that outlives this one and then leaves nothing of a node behind.
///
/// It blocks on a pipe of which only this process holds the other end. The kernel closes that end however this process
/// goes: by a normal exit, a trap, or a `kill -9`. Then the guardian ends every process that carries the node's
/// directory in its environment - the node, its epmd, their helpers, a rabbitmqctl under way - and removes the directory.
final class BrokerGuardian: Sendable {
    private let process: ChildProcess
    private let writeEnd: Int32
    private let released = Locked(false)

    init(directory: String) throws(HarnessError) {
        let pipe = try Pipe()
        defer { close(pipe.readEnd) }
        do throws(HarnessError) {
            process = try ChildProcess(
                ["/bin/sh", "-c", Self.script, "swiftamqp-guardian", "\(BrokerHome.marker)=\(directory)", directory],
                environment: ["PATH": "/usr/bin:/bin"], streams: .init(input: pipe.readEnd), ownSession: true)
        } catch {
            close(pipe.writeEnd)
            throw error
        }
        writeEnd = pipe.writeEnd
    }

    /// Lets the guardian do its work now, and waits until it has.
    func release() {
        let first = released.withLock { released in
            defer { released = true }
            return !released
        }
        if first { close(writeEnd) }
        _ = process.wait(until: .after(.seconds(30)))
    }

    /// Two empty looks in a row, because a process that is just being started shows its parent's environment.
    private static let script = """
        trap '' HUP INT TERM
        marker=$1 directory=$2
        read -r nothing
        empty=0 turn=0
        while [ "$empty" -lt 2 ] && [ "$turn" -lt 200 ]; do
            turn=$((turn + 1)) empty=$((empty + 1))
            for file in $(grep -lzxsF -e "$marker" /proc/[0-9]*/environ); do
                pid=${file#/proc/}
                kill -9 "${pid%/environ}" 2>/dev/null
                empty=0
            done
            sleep 0.05
        done
        case $directory in */swiftamqp-*) rm -rf -- "$directory" ;; esac
        """
}
