import Glibc
import TestSupport
import Testing

@testable import SwiftAMQPFacade

/// docs/c-options.md is made of the keys: what it says cannot differ from what the library does.
@Suite("The document of options")
struct OptionDocumentTests {
    private static let path =
        (#filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3) + ["docs", "c-options.md"])
        .joined(separator: "/")

    @Test("it has every key; scripts/c-options writes it anew")
    func isCurrent() throws {
        let text = Self.document
        if environmentVariable("SWIFTAMQP_WRITE_DOCUMENTS") == "1" {
            let file = try #require(fopen(Self.path, "w"))
            defer { fclose(file) }
            #expect(fputs(text, file) >= 0)
        } else {
            #expect(try readTextFile(Self.path) == text, "run scripts/c-options")
        }
    }

    private static var document: String {
        var lines = [
            "# Options of the C interface", "",
            "Every key of `samqp_options_set`, `samqp_options_set_int` and `samqp_options_set_table`. This file is written by",
            "`scripts/c-options` from the list that the library itself has; `samqp_options_key` and `samqp_options_help` show the",
            "same to programs.", "",
            "Durations are in milliseconds. Booleans are `true` and `false`, or 1 and 0; where something can be left out, `none` or",
            "-1 does that. Values are checked when they are set, and whether they fit together when they are used. A client reads",
            "`connection.*` and `client.*`, a publisher `publisher.*`, a consumer the rest. Where a client connects to is not a",
            "key: `samqp_options_add_endpoint` takes it.",
        ]
        let titles = [
            "connection": "Connections", "client": "Clients", "publisher": "Publishers", "consumer": "Consumers",
            "failures": "Deliveries whose handler failed", "breaker": "Consumers that pause",
            "handler": "How long handlers may take",
        ]
        var section = ""
        for key in OptionKey.all {
            let prefix = String(key.name.prefix { $0 != "." })
            if prefix != section {
                section = prefix
                lines += [
                    "", "## \(titles[prefix] ?? prefix)", "", "| Key | Type | Range | Default | Meaning |",
                    "|---|---|---|---|---|",
                ]
            }
            let fallback = key.fallback.isEmpty ? "" : "`\(key.fallback)`"
            let help = key.help.map { "<>|".contains($0) ? "\\\($0)" : "\($0)" }.joined()
            lines.append("| `\(key.name)` | \(key.type) | \(key.range) | \(fallback) | \(help) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
