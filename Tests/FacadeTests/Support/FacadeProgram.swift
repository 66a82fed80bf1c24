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
        /// Also under valgrind, with every leak an error.
        case valgrind
        /// Also linked as a program that is not position-independent.
        case noPIE = "no-pie"
        /// Loads the library by itself: LIBRARY is its path.
        case noLink = "no-link"
    }

    let file: String
    let words: Set<Word>
    /// What stands in the first line and is no word.
    let unknown: [String]

    var testDescription: String { file }
    var isCPlusPlus: Bool { file.hasSuffix(".cpp") }

    static let all: [FacadeProgram] = {
        let names = (try? entries(of: Checkout.programs)) ?? []
        return names.filter { $0.hasSuffix(".c") || $0.hasSuffix(".cpp") }.sorted().map(FacadeProgram.init)
    }()

    static func all(_ word: Word) -> [FacadeProgram] { all.filter { $0.words.contains(word) } }

    private init(file: String) {
        self.file = file
        let text = (try? readTextFile("\(Checkout.programs)/\(file)")) ?? ""
        let line = text.split(separator: "\n", maxSplits: 1).first ?? ""
        let written = line.prefix { $0 != "." }.split(separator: " ").dropFirst().map(String.init)
        words = Set(written.dropFirst().compactMap(Word.init))
        unknown = written.first == "Runs:" ? written.dropFirst().filter { Word(rawValue: $0) == nil } : [String(line)]
    }

    /// A way to build it.
    enum Build: String, Sendable {
        case plain
        case asan
        case noPIE = "no-pie"

        var flags: [String] {
            switch self {
            case .plain: []
            case .asan: ["-fsanitize=address", "-fno-omit-frame-pointer"]
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
        arguments += try await installed.flags("--cflags") + ["\(Checkout.programs)/\(file)", "-o", path]
        if !words.contains(.noLink) {
            arguments += try await installed.flags("--libs") + ["-Wl,-rpath,\(installed.prefix)/lib"]
        }
        try await runOrThrow(arguments, environment: InstalledLibrary.environment(), within: .seconds(60))
        return path
    }

    /// Runs a built program, behind a command of its own if there is one, to its end.
    func run(
        _ path: String, behind command: [String] = [], environment: [String: String] = [:], within: Duration
    ) async throws(HarnessError) -> CommandOutput {
        var environment = InstalledLibrary.environment(environment)
        environment["LIBRARY"] = try await InstalledLibrary.shared.library
        if words.contains(.broker) { environment["AMQP_URL"] = try await Broker.shared.url }
        let arguments = command + [path]
        let complete = environment
        return try await offPool("program") { () throws(HarnessError) in
            try runCommand(arguments, environment: complete, deadline: .after(within))
        }
    }
}
