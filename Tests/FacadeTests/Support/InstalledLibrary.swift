import Glibc
import TestSupport

/// libswiftamqp.so as `make install` installs it, built if its sources have changed. One for all tests of a process.
struct InstalledLibrary: Sendable {
    let prefix: String

    var library: String { "\(prefix)/lib/libswiftamqp.so" }

    /// The folder of the same library with its symbols, for tools that tell where they have been.
    static let symbols = "\(Checkout.root)/.build/lib/out/debug"

    /// The one of this process, which the first caller makes.
    static var shared: InstalledLibrary {
        get async throws(HarnessError) { try await Installation.instance.library() }
    }

    /// What pkg-config says of it: flags to compile and link with.
    func flags(_ options: String...) async throws(HarnessError) -> [String] {
        let text = try await runOrThrow(
            ["pkg-config"] + options + ["swiftamqp"],
            environment: Self.environment(["PKG_CONFIG_PATH": "\(prefix)/lib/pkgconfig"]), within: .seconds(20))
        return text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// The environment of compilers and programs: a PATH, and what is given.
    static func environment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = ["PATH": environmentVariable("PATH") ?? "/usr/bin:/bin"]
        if let folder = environmentVariable("TMPDIR") { environment["TMPDIR"] = folder }
        return environment.merging(more) { $1 }
    }
}

private actor Installation {
    static let instance = Installation()

    private var start: Task<Result<InstalledLibrary, HarnessError>, Never>?

    /// A failure is kept: a library that does not build is built once.
    func library() async throws(HarnessError) -> InstalledLibrary {
        if let start { return try await start.value.get() }
        let task = Task { () async -> Result<InstalledLibrary, HarnessError> in
            do throws(HarnessError) {
                return .success(try await Self.install())
            } catch {
                return .failure(error)
            }
        }
        start = task
        return try await task.value.get()
    }

    private static func install() async throws(HarnessError) -> InstalledLibrary {
        try await takeFolder()
        try await makeCalls(in: Checkout.generated)
        let library = InstalledLibrary(prefix: "\(Checkout.output)/prefix")
        // SwiftPM and git find what they need by the whole environment; a release build takes its time.
        try await runOrThrow(
            ["make", "--no-print-directory", "-C", Checkout.root, "install", "PREFIX=\(library.prefix)"],
            environment: try inheritedEnvironment(), within: .seconds(900))
        return library
    }

    /// Makes the folder of these tests this process's own, until it ends: another run of them waits here.
    private static func takeFolder() async throws(HarnessError) {
        try await offPool("folder") { () throws(HarnessError) in
            _ = mkdir("\(Checkout.root)/.build", 0o755)
            let lock = open("\(Checkout.output).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            // Never closed: the lock goes with the process.
            guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
                throw HarnessError(.system(errno: errno), "lock \(Checkout.output)")
            }
        }
        try await runOrThrow(
            ["rm", "-rf", Checkout.output], environment: InstalledLibrary.environment(), within: .seconds(60))
        try await runOrThrow(
            ["mkdir", "-p", "\(Checkout.output)/bin"], environment: InstalledLibrary.environment(),
            within: .seconds(60))
    }

    private static func inheritedEnvironment() throws(HarnessError) -> [String: String] {
        var environment: [String: String] = [:]
        for entry in try readTextFile("/proc/self/environ").split(separator: "\0") {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            environment[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        // Of the make that runs these tests, and of where: the library is to be built and installed as if by hand.
        for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR", "LIBDIR", "INCLUDEDIR", "LD_LIBRARY_PATH"] {
            environment[name] = nil
        }
        return environment
    }
}

/// Makes calls.h, in which every function of the header is called: one that nobody calls cannot be forgotten.
func makeCalls(in folder: String) async throws(HarnessError) {
    let command = "mkdir -p \"$2\" && \"$1/scripts/lib/abi-calls\" \"$1/include/swiftamqp.h\" >\"$2/calls.h\""
    try await runOrThrow(
        ["sh", "-c", command, "sh", Checkout.root, folder], environment: InstalledLibrary.environment(),
        within: .seconds(60))
}
