import Glibc

/// Runs `body` in the child process of an exit test, and says what it throws where the parent can show it.
func reportFailure(_ body: () async throws -> Void) async {
    do {
        try await body()
    } catch {
        let text = Array("\(error)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }
}
