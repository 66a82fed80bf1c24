import SwiftAMQP
import Testing

@Suite struct RedactionTests {
    static let sentinel = "Qz7SENTINELq"
    static let credentials = AMQPCredentials.plain(username: "svc", password: sentinel)
    static let values: [any Sendable] = [
        credentials, AMQPConfiguration(credentials: credentials), [credentials], ["key": credentials],
        AMQPSecret(sentinel),
        (try? AMQPURI(parsing: "amqp://svc:\(sentinel)@h")) ?? AMQPURI(),
    ]

    /// Everything that mirrors find in a value, down to the leaves.
    static func reflection(of value: Any) -> String {
        var text = "\(value) \(String(reflecting: value)) "
        var mirror: Mirror? = Mirror(reflecting: value)
        while let current = mirror {
            for child in current.children { text += "\(child.label ?? "") " + reflection(of: child.value) }
            mirror = current.superclassMirror
        }
        return text
    }

    @Test func reflectionShowsNoPassword() {
        for value in Self.values {
            var dumped = ""
            dump(value, to: &dumped)
            #expect(!dumped.contains(Self.sentinel))
            #expect(!Self.reflection(of: value).contains(Self.sentinel))
        }
        #expect("\(Self.credentials)" == #"plain(username: "svc", password: ***)"#)
    }

    static let shown: [(AMQPConfiguration, String, String)] = [
        (AMQPConfiguration(), "amqp://guest:***@localhost:5672/%2F", "localhost:5672/%2F"),
        (
            AMQPConfiguration(host: "::1", virtualHost: "", credentials: credentials), "amqp://svc:***@[::1]:5672/",
            "[::1]:5672/"
        ),
        (
            AMQPConfiguration(host: "fe80::1%eth0", port: 1, virtualHost: "a b\n", credentials: credentials),
            "amqp://svc:***@[fe80::1%25eth0]:1/a%20b%0A", "[fe80::1%25eth0]:1/a%20b%0A"
        ),
        (
            AMQPConfiguration(host: "x/@", port: 0, credentials: .plain(username: "a@b:ü", password: "")),
            "amqp://a%40b%3A%C3%BC:***@x%2F%40:0/%2F", "x%2F%40:0/%2F"
        ),
    ]

    @Test(arguments: shown)
    func texts(_ configuration: AMQPConfiguration, redacted: String, endpoint: String) {
        #expect(configuration.redactedURL == redacted)
        #expect("\(configuration)" == redacted)
        #expect(configuration.endpoint == endpoint)
    }

    @Test func queryHoldsWhatDiffersFromTheDefaults() {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = .milliseconds(1500)
        configuration.connectTimeout = .microseconds(1)
        configuration.channelMax = 7
        configuration.frameMax = 8192
        #expect(
            configuration.redactedURL
                == "amqp://guest:***@localhost:5672/%2F?heartbeat=2&connection_timeout=1&channel_max=7&frame_max=8192")
    }
}
