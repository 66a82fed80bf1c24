import Glibc

/// Makes an empty file that nobody else may read, in the folder that TMPDIR names. Gives its path, which is `name` and
/// six characters more.
package func makeTemporaryFile(_ name: String) throws(HarnessError) -> String {
    try makeTemporary(name) { template throws(HarnessError) in
        close(try check(mkstemp(template), "mkstemp \(name)"))
    }
}

/// Removes a file, if it is there.
package func removeFile(_ path: String) { unlink(path) }

/// As ``makeTemporaryFile(_:)``, a folder.
func makeTemporaryDirectory(_ name: String) throws(HarnessError) -> String {
    try makeTemporary(name) { template throws(HarnessError) in
        try check(mkdtemp(template) == nil ? -1 : 0, "mkdtemp \(name)")
    }
}

private func makeTemporary(
    _ name: String, _ make: (UnsafeMutablePointer<CChar>) throws(HarnessError) -> Void
) throws(HarnessError) -> String {
    let folder = environmentVariable("TMPDIR") ?? "/tmp"
    var template = Array("\(folder)/\(name)-XXXXXX".utf8CString)
    try make(&template)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
