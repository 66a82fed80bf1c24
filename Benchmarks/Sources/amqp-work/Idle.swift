import Glibc
import SwiftAMQP

/// Opens connections, lets them lie for a moment, and says what the process holds then.
func idle(_ parameters: WorkParameters, _ configuration: AMQPConfiguration) async throws -> String {
    var connections: [AMQPConnection] = []
    // The first one brings the loop and the pool with it; what each more costs is counted from there.
    connections.append(try await AMQPConnection.connect(configuration))
    let withOne = MemoryStatus.now.residentKiB
    while connections.count < parameters.connections {
        connections.append(try await AMQPConnection.connect(configuration))
    }
    // Lookups end their threads when they have been idle, and answers of the handshake come in meanwhile.
    try await Task.sleep(for: .milliseconds(300))
    let status = MemoryStatus.now
    let more = max(1, connections.count - 1)
    let line = Line(parameters)
        .with("connections", connections.count).with("peak_kib", status.peakKiB)
        .with("kib_each", Double(status.residentKiB - withOne) / Double(more), digits: 2)
        .with("threads", status.threads).with("own_threads", status.ownThreads)
    for connection in connections { await connection.close() }
    return line.text
}

/// What the kernel says about this process.
struct MemoryStatus {
    var peakKiB = 0
    var residentKiB = 0
    var threads = 0
    /// Those that the client started, by their names.
    var ownThreads = 0

    static var now: MemoryStatus {
        var status = MemoryStatus()
        for line in text(of: "/proc/self/status").split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard words.count >= 2, let number = Int(words[1]) else { continue }
            switch words[0] {
            case "VmHWM:": status.peakKiB = number
            case "VmRSS:": status.residentKiB = number
            case "Threads:": status.threads = number
            default: break
            }
        }
        guard let folder = opendir("/proc/self/task") else { return status }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if text(of: "/proc/self/task/\(name)/comm").hasPrefix("samqp-") { status.ownThreads += 1 }
        }
        return status
    }

    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        return String(unsafeUninitializedCapacity: 8192) { max(0, read(file, $0.baseAddress, $0.count)) }
    }
}
