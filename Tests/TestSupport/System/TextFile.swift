import Glibc

/// Reads a whole file as text.
package func readTextFile(_ path: String) throws(HarnessError) -> String {
    let descriptor = try check(open(path, O_RDONLY | O_CLOEXEC), "open \(path)")
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        if count < 0 {
            if errno == EINTR { continue }
            throw HarnessError(.system(errno: errno), "read \(path)")
        }
        bytes += buffer[..<count]
    }
}

/// Writes a whole file that nobody else may read.
package func writeTextFile(_ path: String, _ text: String) throws(HarnessError) {
    let descriptor = try check(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600), "open \(path)")
    defer { close(descriptor) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            throw HarnessError(.system(errno: errno), "write \(path)")
        }
        bytes = bytes.dropFirst(count)
    }
}

/// The names in a folder, in no order, without those that begin with a dot.
package func entries(of folder: String) throws(HarnessError) -> [String] {
    guard let directory = opendir(folder) else { throw HarnessError(.system(errno: errno), "opendir \(folder)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}
