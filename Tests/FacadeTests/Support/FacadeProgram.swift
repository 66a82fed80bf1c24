import TestSupport
import Testing

/// A program of Programs/. Its first line says how it is run: "Runs: WORD WORD. What it shows."
struct FacadeProgram: Sendable, CustomTestStringConvertible {
    /// Each program runs plainly; these are runs beside that, and what it needs.
    enum Word: String, Sendable {
        /// AMQP_URL is set: that of a private broker, or of this environment.
        case broker
        /// Also with the address sanitizer in the program.
        case asan
        /// Also with the thread sanitizer in the program: its own races, not those within the library.
        case tsan
        /// Also under valgrind, with every leak an error.
        case valgrind
        /// Also linked as a program that is not position-independent.
        case noPIE = "no-pie"
        /// Also with libswiftamqp.a in place of the shared library.
        case archive = "static"
        /// Not run plainly, but by a test that kills its broker meanwhile.
        case dies
        /// Forks while its threads run. Not with the thread sanitizer in the library: with that, Swift takes a lock at each look at
        /// a global, and a thread that holds one is gone in the child.
        case forks
        /// Loads the library by itself: LIBRARY is its path.
        case noLink = "no-link"
    }

    let file: String
    let folder: String
    let words: Set<Word>
    /// What stands in the first line and is no word.
    let unknown: [String]

    var testDescription: String { file }
    var isCPlusPlus: Bool { file.hasSuffix(".cpp") }

    static let all: [FacadeProgram] = {
        let names = (try? entries(of: Checkout.programs)) ?? []
        return names.filter { $0.hasSuffix(".c") || $0.hasSuffix(".cpp") }.sorted().map {
            FacadeProgram(file: $0, folder: Checkout.programs)
        }
    }()

    static func all(_ word: Word) -> [FacadeProgram] { all.filter { $0.words.contains(word) } }

    init(file: String, folder: String) {
        self.file = file
        self.folder = folder
        let text = (try? readTextFile("\(folder)/\(file)")) ?? ""
        let line = text.split(separator: "\n", maxSplits: 1).first ?? ""
        let written = line.prefix { $0 != "." }.split(separator: " ").dropFirst().map(String.init)
        words = Set(written.dropFirst().compactMap(Word.init))
        unknown = written.first == "Runs:" ? written.dropFirst().filter { Word(rawValue: $0) == nil } : [String(line)]
    }

    /// A way to build it.
    enum Build: String, Sendable {
        case plain
        case asan
        case tsan
        case noPIE = "no-pie"
        case archive = "static"

        var flags: [String] {
            switch self {
            case .plain, .archive: []
            case .asan: ["-fsanitize=address", "-fno-omit-frame-pointer"]
            case .tsan: ["-fsanitize=thread"]
            case .noPIE: ["-fno-pie", "-no-pie"]
            }
        }
    }

    /// Compiles and links it against the installed library, and gives the path of the program.
    func build(_ build: Build = .plain) async throws(HarnessError) -> String {
        let installed = try await InstalledLibrary.shared
        let path = "\(Checkout.output)/bin/\(file)-\(build.rawValue)"
        var arguments = isCPlusPlus ? ["g++", "-std=c++17"] : ["gcc", "-std=gnu11"]
        arguments += ["-Wall", "-Wextra", "-Werror", "-g", "-O1", "-pthread"] + build.flags
        arguments += try await installed.flags("--cflags")
        arguments += ["-I\(Checkout.generated)", "\(folder)/\(file)", "-o", path]
        if build == .archive {
            // What pkg-config says for static linking, with the archive in the place of -lswiftamqp.
            arguments += try await installed.flags("--static", "--libs").map {
                $0 == "-lswiftamqp" ? "-l:libswiftamqp.a" : $0
            }
        } else if !words.contains(.noLink) {
            arguments += try await installed.flags("--libs") + ["-Wl,-rpath,\(installed.prefix)/lib"]
        }
        try await runOrThrow(arguments, environment: InstalledLibrary.environment(), within: .seconds(60))
        return path
    }

    /// Runs a built program, behind a command of its own if there is one, to its end: with the installed library, or with
    /// the same one before it was stripped of its symbols.
    func run(
        _ path: String, behind command: [String] = [], symbols: Bool = false, environment: [String: String] = [:],
        within: Duration
    ) async throws(HarnessError) -> CommandOutput {
        var environment = InstalledLibrary.environment(environment)
        if words.contains(.noLink) {
            environment["LIBRARY"] = symbols ? "libswiftamqp.so.0" : try await InstalledLibrary.shared.library
        }
        if symbols { environment["LD_LIBRARY_PATH"] = InstalledLibrary.symbols }
        if words.contains(.broker) { environment["AMQP_URL"] = try await Broker.shared.url }
        let arguments = command + [path]
        let complete = environment
        return try await offPool("program") { () throws(HarnessError) in
            try runCommand(arguments, environment: complete, deadline: .after(within))
        }
    }
}
