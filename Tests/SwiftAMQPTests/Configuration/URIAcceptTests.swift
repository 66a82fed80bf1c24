import SwiftAMQP
import Testing

/// A URI, and what of the configuration it changes.
struct GoodURI: Sendable, CustomTestStringConvertible {
    let uri: String
    let expected: AMQPConfiguration
    var testDescription: String { uri }

    init(_ uri: String, _ change: (inout AMQPConfiguration) -> Void = { _ in }) {
        self.uri = uri
        var configuration = AMQPConfiguration()
        change(&configuration)
        expected = configuration
    }

    init(_ uri: String, user: String, _ password: String, host: String = "h", port: UInt16 = 5672, vhost: String = "/")
    {
        self.uri = uri
        expected = AMQPConfiguration(
            host: host, port: port, virtualHost: vhost, credentials: .plain(username: user, password: password))
    }
}

@Suite struct URIAcceptTests {
    static let uris: [GoodURI] = [
        // The examples of https://www.rabbitmq.com/uri-spec.html, appendix A.
        GoodURI("amqp://user:pass@host:10000/vhost", user: "user", "pass", host: "host", port: 10000, vhost: "vhost"),
        GoodURI(
            "amqp://user%61:%61pass@ho%61st:10000/v%2fhost", user: "usera", "apass", host: "hoast", port: 10000,
            vhost: "v/host"),
        GoodURI("amqp://"),
        GoodURI("amqp://:@/", user: "", "", host: "localhost", vhost: ""),
        GoodURI("amqp://user@", user: "user", "guest", host: "localhost"),
        GoodURI("amqp://user:pass@", user: "user", "pass", host: "localhost"),
        GoodURI("amqp://host") { $0.host = "host" },
        GoodURI("amqp://:10000") { $0.port = 10000 },
        GoodURI("amqp:///vhost") { $0.virtualHost = "vhost" },
        GoodURI("amqp://host/") { ($0.host, $0.virtualHost) = ("host", "") },
        GoodURI("amqp://host/%2F") { $0.host = "host" },
        GoodURI("amqp://[::1]") { $0.host = "::1" },
        // Schemes.
        GoodURI("AMQP://h") { $0.host = "h" },
        GoodURI("aMqP://h") { $0.host = "h" },
        // Users and passwords.
        GoodURI("amqp://u:@h", user: "u", ""),
        GoodURI("amqp://@h", user: "", "guest"),
        GoodURI("amqp://:p@h", user: "", "p"),
        GoodURI("amqp://u:p:q@h", user: "u", "p:q"),
        GoodURI("amqp://u%3Ax:p%40%2F%3F%23@h", user: "u:x", "p@/?#"),
        GoodURI("amqp://me%40corp:p%25@h/v", user: "me@corp", "p%", vhost: "v"),
        GoodURI("amqp://%C3%BC:%e2%82%ac@h", user: "ü", "€"),
        GoodURI("amqp://u:!$&'()*+,;=-._~@h", user: "u", "!$&'()*+,;=-._~"),
        GoodURI("amqp://u:%20%0A@h", user: "u", " \n"),
        // Hosts and ports.
        GoodURI("amqp://mq-1.example.com:1") { ($0.host, $0.port) = ("mq-1.example.com", 1) },
        GoodURI("amqp://10.0.0.1:65535") { ($0.host, $0.port) = ("10.0.0.1", 65535) },
        GoodURI("amqp://h:") { $0.host = "h" },
        GoodURI("amqp://h:/") { ($0.host, $0.virtualHost) = ("h", "") },
        GoodURI("amqp://h:05672/%2f") { $0.host = "h" },
        GoodURI("amqp://a_b~c") { $0.host = "a_b~c" },
        GoodURI("amqp://[::1]:5673") { ($0.host, $0.port) = ("::1", 5673) },
        GoodURI("amqp://[::1]:/v") { ($0.host, $0.virtualHost) = ("::1", "v") },
        GoodURI("amqp://u:p@[2001:db8::10]:99/v", user: "u", "p", host: "2001:db8::10", port: 99, vhost: "v"),
        GoodURI("amqp://[fe80::1%25eth0]") { $0.host = "fe80::1%eth0" },
        GoodURI("amqp://[::ffff:10.0.0.1]") { $0.host = "::ffff:10.0.0.1" },
        GoodURI("amqp://[::]") { $0.host = "::" },
        GoodURI("amqp://[1:2:3:4:5:6:7:8]") { $0.host = "1:2:3:4:5:6:7:8" },
        // Virtual hosts.
        GoodURI("amqp:///") { $0.virtualHost = "" },
        GoodURI("amqp:///%2F%2F") { $0.virtualHost = "//" },
        GoodURI("amqp:///a:b!c") { $0.virtualHost = "a:b!c" },
        GoodURI("amqp:///a%40b%20c") { $0.virtualHost = "a@b c" },
        GoodURI("amqp:///%F0%9F%90%87") { $0.virtualHost = "🐇" },
        GoodURI("amqp:///" + String(repeating: "v", count: 255)) {
            $0.virtualHost = String(repeating: "v", count: 255)
        },
        // Queries.
        GoodURI("amqp://?"),
        GoodURI("amqp://h?") { $0.host = "h" },
        GoodURI("amqp://?heartbeat=0") { $0.heartbeat = .zero },
        GoodURI("amqp://?heartbeat=65535") { $0.heartbeat = .seconds(65535) },
        GoodURI("amqp://?heartbeat=010") { $0.heartbeat = .seconds(10) },
        GoodURI("amqp://?h%65artbeat=%31%30") { $0.heartbeat = .seconds(10) },
        GoodURI("amqp://?connection_timeout=1") { $0.connectTimeout = .milliseconds(1) },
        GoodURI("amqp://?connection_timeout=86400000") { $0.connectTimeout = .seconds(86400) },
        GoodURI("amqp://?channel_max=0") { $0.channelMax = 0 },
        GoodURI("amqp://?frame_max=8192") { $0.frameMax = 8192 },
        GoodURI("amqp://?auth_mechanism=plain"),
        GoodURI("amqp://?auth_mechanism=PLAIN&auth_mechanism=plain"),
        GoodURI("amqp://myhost?heartbeat=5&connection_timeout=10000") {
            ($0.host, $0.heartbeat, $0.connectTimeout) = ("myhost", .seconds(5), .seconds(10))
        },
        GoodURI("amqp://h:1/v?channel_max=65535&heartbeat=7") {
            ($0.host, $0.port, $0.virtualHost, $0.channelMax, $0.heartbeat) = ("h", 1, "v", 65535, .seconds(7))
        },
    ]

    @Test(arguments: uris)
    func accepts(_ good: GoodURI) throws {
        let configuration = try AMQPConfiguration(url: good.uri)
        #expect(configuration == good.expected)
        #expect(configuration.credentials.password == good.expected.credentials.password)
    }
}
