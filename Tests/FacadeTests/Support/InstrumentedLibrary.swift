import Glibc
import TestSupport

/// libswiftamqp.so as it was built together with these tests, where that was with a sanitizer: unlike the installed one it has the
/// sanitizer in all of it. See scripts/sanitize.
struct InstrumentedLibrary: Sendable {
    enum Sanitizer: String {
        case thread, address
    }

    let sanitizer: Sanitizer
    private let folder: String

    /// `nil` where this process has no sanitizer.
    static let current: InstrumentedLibrary? = {
        guard let sanitizer, let folder else { return nil }
        return InstrumentedLibrary(sanitizer: sanitizer, folder: folder)
    }()

    private static var sanitizer: Sanitizer? {
        if dlsym(nil, "__tsan_init") != nil { return .thread }
        return dlsym(nil, "__asan_init") != nil ? .address : nil
    }

    /// Where the program is that these tests are in, which may have been loaded by another one.
    private static var folder: String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let paths = CommandLine.arguments + [own]
        return paths.compactMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }.first {
            access("\($0)/libswiftamqp.so", R_OK) == 0
        }
    }

    func takes(_ program: FacadeProgram) -> Bool {
        if sanitizer == .thread, program.words.contains(.forks) { return false }
        return !program.words.contains(.noLink)
    }

    private var output: String { "\(folder)/facade-tests" }

    /// Compiles and links a program with the compiler's own clang: both have to have one runtime of the sanitizer.
    func build(_ program: FacadeProgram) async throws(HarnessError) -> String {
        let resources = try await runOrThrow(
            ["sh", "-c", #"swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p'"#],
            environment: InstalledLibrary.environment(), within: .seconds(60)
        ).split(whereSeparator: \.isNewline).joined()
        try await makeCalls(in: output)
        let path = "\(output)/\(program.file)"
        let compiler = "\(resources)/../../bin/clang"
        var arguments = program.isCPlusPlus ? ["\(compiler)++", "-std=c++17"] : [compiler, "-std=gnu11"]
        arguments += ["-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fno-omit-frame-pointer", "-pthread"]
        arguments += ["-fsanitize=\(sanitizer)", "-I\(Checkout.root)/include", "-I\(output)"]
        arguments += ["\(program.folder)/\(program.file)", "-o", path]
        arguments += ["-L\(folder)", "-lswiftamqp", "-Wl,-rpath,\(folder)", "-Wl,--allow-shlib-undefined"]
        // The sanitizer's runtime refers to libdispatch.
        arguments += ["-L\(resources)/linux", "-ldispatch", "-lBlocksRuntime", "-Wl,-rpath,\(resources)/linux"]
        try await runOrThrow(arguments, environment: InstalledLibrary.environment(), within: .seconds(60))
        return path
    }

    /// What a program is given besides: as scripts/sanitize sets it for this process, and that it must not leak, where that can be
    /// seen and it is one that gives everything back.
    func environment(for program: FacadeProgram) -> [String: String] {
        var environment: [String: String] = [:]
        for name in [
            "TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS", "SWIFT_BACKTRACE", "SWIFTAMQP_TEST_DEADLINE_SCALE",
        ] { environment[name] = environmentVariable(name) }
        if environmentVariable("SWIFTAMQP_TEST_LEAKS") != nil, program.words.contains(.valgrind) {
            environment["ASAN_OPTIONS", default: ""] += ":detect_leaks=1"
        }
        return environment
    }
}
