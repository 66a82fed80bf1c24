import SwiftAMQP
import TestSupport
import Testing

@Suite("docs/c.md", .serialized, .timeLimit(.minutes(20)))
struct GuideTests {
    /// A block of code of the guide.
    struct Block {
        let language: Substring
        let code: String
    }

    private func blocks(of file: String = "docs/c.md") throws -> [Block] {
        let guide = try readTextFile("\(Checkout.root)/\(file)")
        return guide.split(separator: "\n```").map { $0 }.enumerated().compactMap { index, part in
            guard index % 2 == 1, let end = part.firstIndex(of: "\n") else { return nil }
            return Block(language: part[..<end], code: String(part[part.index(after: end)...]) + "\n")
        }
    }

    @Test("it is short")
    func isShort() throws {
        let guide = try readTextFile("\(Checkout.root)/docs/c.md")
        #expect(guide.split(separator: "\n", omittingEmptySubsequences: false).count <= 151)
    }

    @Test("its first programs compile as it says, and do what they say")
    func programs() async throws {
        let installed = try await InstalledLibrary.shared
        let programs = try blocks().filter { $0.code.contains("int main") }
        #expect(programs.map(\.language) == ["c", "cpp"])
        let commands = try blocks().filter { $0.language == "sh" }.flatMap { $0.code.split(separator: "\n") }
        let folder = "\(Checkout.output)/guide"
        let environment = InstalledLibrary.environment([
            "PKG_CONFIG_PATH": "\(installed.prefix)/lib/pkgconfig", "LD_LIBRARY_PATH": "\(installed.prefix)/lib",
        ])
        let url = try await Broker.shared.url
        try await runOrThrow(["mkdir", "-p", folder], environment: environment, within: .seconds(20))
        for (program, expected) in zip(programs, ["confirmed\n", "confirmed\nhello\n"]) {
            let file = "first.\(program.language)"
            try writeTextFile("\(folder)/\(file)", program.code)
            let command = try #require(commands.first { $0.contains(" \(file) ") })
            try await runOrThrow(
                ["sh", "-c", "cd '\(folder)' && \(command)"], environment: environment, within: .seconds(60))
            let output = try await runOrThrow(["\(folder)/first", url], environment: environment, within: .seconds(60))
            #expect(output == expected)
        }
        try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
            try await connection.withChannel { channel in _ = try await channel.delete(queue: "greetings") }
        }
    }

    @Test("what else it shows of C is in an example, to the letter")
    func excerpts() throws {
        let example = try readTextFile("\(Checkout.root)/examples/c/epoll.c")
        let excerpts = try blocks().filter { $0.language == "c" && !$0.code.contains("int main") }
        #expect(excerpts.count == 2)
        for excerpt in excerpts { #expect(example.contains(excerpt.code), "\(excerpt.code)") }
    }

    @Test("the lines of C++ in README.md compile")
    func readme() async throws {
        let installed = try await InstalledLibrary.shared
        let block = try #require(try blocks(of: "README.md").first { $0.language == "cpp" })
        let path = "\(Checkout.output)/readme.cpp"
        try writeTextFile(path, "#include <iostream>\n#include <swiftamqp.hpp>\nint main() {\n\(block.code)}\n")
        try await runOrThrow(
            ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
                + (try await installed.flags("--cflags"))
                + [path],
            environment: InstalledLibrary.environment(), within: .seconds(60))
    }
}
