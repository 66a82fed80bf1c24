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

    @Test("the quick start is the code that these tests compile")
    func quickStartIsTheSame() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let code = try String(contentsOf: folder.appending(path: "QuickStart.swift"), encoding: .utf8)
        let readme = try String(contentsOf: folder.appending(path: "../../README.md").standardized, encoding: .utf8)
        #expect(
            readme.contains("```swift\n\(code)```\n"), "copy Tests/IntegrationTests/QuickStart.swift into README.md")
    }
}
