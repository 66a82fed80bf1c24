import SwiftAMQP
import TestSupport
import Testing

@Suite struct URIPropertyTests {
    static let hosts = [
        "localhost", "mq-1.example.com", "10.0.0.1", "a_b~c.", "::", "::1", "fe80::1%eth0", "2001:db8:0:0:0:0:0:1",
        "::ffff:192.0.2.1",
    ]

    @Test func parsingUndoesRendering() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            var uri = AMQPURI()
            uri.scheme = Bool.random(using: &random) ? .amqp : .amqps
            uri.userInfo = random.maybe { random in
                AMQPURI.UserInfo(
                    username: random.text(upTo: 12), password: random.maybe { AMQPSecret($0.text(upTo: 20)) })
            }
            uri.host = random.maybe { Self.hosts.randomElement(using: &$0) ?? "h" }
            uri.port = random.maybe { .random(in: 1 ... .max, using: &$0) }
            uri.virtualHost = random.maybe { $0.text(upTo: 20) }
            uri.heartbeatSeconds = random.maybe { .random(in: 0 ... .max, using: &$0) }
            uri.connectionTimeoutMilliseconds = random.maybe { .random(in: 1...86_400_000, using: &$0) }
            uri.channelMax = random.maybe { .random(in: 0 ... .max, using: &$0) }
            uri.frameMax = random.maybe { .random(in: 8192...16_777_216, using: &$0) }

            let text = uri.rendered(password: .shown)
            let parsed = try AMQPURI(parsing: text)
            #expect(parsed == uri, "\(text)")
            // String equality is canonical equivalence; the bytes have to be the same.
            #expect(parsed.rendered(password: .shown) == text)
            #expect(parsed.virtualHost.map { Array($0.utf8) } == uri.virtualHost.map { Array($0.utf8) })
        }
    }

    @Test func redactedURLIsAURIOfTheSameConfiguration() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            var configuration = AMQPConfiguration(
                host: Self.hosts.randomElement(using: &random) ?? "h", port: .random(in: 1 ... .max, using: &random),
                virtualHost: random.text(upTo: 20),
                credentials: .plain(username: random.text(upTo: 9), password: random.text(upTo: 9)))
            configuration.heartbeat = .seconds(Int.random(in: 0...65535, using: &random))
            configuration.connectTimeout = .milliseconds(Int.random(in: 1...86_400_000, using: &random))
            configuration.channelMax = .random(in: 0 ... .max, using: &random)
            // PLAIN has no place for a NUL, and validation has a test of its own.
            guard (try? configuration.validate()) != nil else { continue }

            let parsed = try AMQPConfiguration(url: configuration.redactedURL)
            configuration.credentials = .plain(username: configuration.credentials.username, password: "***")
            #expect(parsed == configuration)
            #expect(configuration.endpoint.utf8.allSatisfy { 0x21...0x7E ~= $0 })
        }
    }

    @Test func anyBytesGiveAConfigurationOrAnError() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50_000 {
            var bytes: [UInt8] = Bool.random(using: &random) ? Array("amqp://".utf8) : []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                bytes.append(.random(in: 0 ... .max, using: &random))
            }
            do throws(AMQPError) {
                let configuration = try AMQPConfiguration(url: String(decoding: bytes, as: UTF8.self))
                _ = configuration.redactedURL
            } catch {
                #expect(error.code == .invalidConfiguration || error.code == .unsupported)
            }
        }
    }

    /// Pieces around a password that shift what it is taken for: a port, a virtual host, a parameter, a second user.
    static let pieces = [
        ":", "/", "?", "#", "@", "%", "%4", "%40", "%2F", "%00", "%FF", "&", "=", "[", "]", "::1", "1", "5672", "h",
        "x=",
        "heartbeat=", "&channel_max=", "cacertfile=", "auth_mechanism=", " ", "\n", "ü", "^", "//", "amqp://", "é%C3",
    ]

    @Test func noErrorAndNoTextShowsThePassword() {
        let sentinel = "Qz7SENTINELq"
        var random = SeededGenerator(seed: 4)
        func some(_ limit: Int) -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...limit, using: &random) {
                text += Self.pieces.randomElement(using: &random) ?? ""
            }
            return text
        }
        var accepted = 0
        for round in 0..<50_000 {
            let scheme = round % 10 == 0 ? "amqps" : "amqp"
            let url = "\(scheme)://user:\(some(3))\(sentinel)\(some(3))@\(some(4))"
            var shown: String
            do throws(AMQPError) {
                let configuration = try AMQPConfiguration(url: url)
                accepted += 1
                shown = "\(configuration) \(String(reflecting: configuration)) \(configuration.endpoint)"
                dump(configuration, to: &shown)
            } catch {
                shown = "\(error) \(error.text)"
                if round % 16 == 0 { dump(error, to: &shown) }
            }
            #expect(!shown.contains(sentinel), "\(url)")
        }
        #expect(accepted > 500)
    }
}
