import Foundation
import SwiftAMQP
import TestSupport
import Testing

@Suite("What README.md shows")
struct ReadmeTests {
    @Test("the quick start does what it says")
    func quickStartRuns() async throws {
        let url = try await Broker.shared.url
        let texts = try await quickStart(url: url)
        #expect(texts == ["first"] + (1...99).map { "order \($0)" })
        try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
            try await connection.withChannel { channel in
                let left = try await channel.delete(queue: "swiftamqp-quick-start")
                #expect(left == 0)
            }
        }
    }

    @Test("the supervised client does what it says")
    func supervisedStartRuns() async throws {
        let url = try await Broker.shared.url
        let report = try await supervisedStart(url: url)
        #expect(!report.isTimedOut && report.publishes.total == 0)
        try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
            try await connection.withChannel { channel in
                let count = try await channel.delete(queue: "swiftamqp-audit")
                #expect(count == 100)
                try await channel.delete(exchange: "swiftamqp-events")
            }
        }
    }

    @Test("the supervised consumer does what it says")
    func consumerStartRuns() async throws {
        let url = try await Broker.shared.url
        let report = try await consumerStart(url: url)
        #expect(!report.isTimedOut && report.unfinishedHandlers == 0)
        try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
            try await connection.withChannel { channel in
                let jobs = try await channel.delete(queue: "swiftamqp-jobs")
                #expect(jobs == 0)
                let results = try await channel.delete(queue: "swiftamqp-results")
                #expect(results == 100)
            }
        }
    }

    @Test(
        "the code is what these tests compile",
        arguments: ["QuickStart.swift", "SupervisedStart.swift", "ConsumerStart.swift"])
    func codeIsTheSame(file: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let code = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        let readme = try String(contentsOf: folder.appending(path: "../../README.md").standardized, encoding: .utf8)
        #expect(readme.contains("```swift\n\(code)```\n"), "copy Tests/IntegrationTests/\(file) into README.md")
    }
}
