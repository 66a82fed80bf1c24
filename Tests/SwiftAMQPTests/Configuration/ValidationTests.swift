import SwiftAMQP
import Testing

/// A change of the default configuration, and the start of the error's text; `nil` if there is no error.
struct Change: Sendable {
    let error: String?
    let apply: @Sendable (inout AMQPConfiguration) -> Void

    init(_ error: String?, _ apply: @escaping @Sendable (inout AMQPConfiguration) -> Void) {
        self.error = error
        self.apply = apply
    }
}

@Suite struct ValidationTests {
    static let longest = Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999)

    static let changes: [Change] = [
        Change(nil) { _ in },
        Change("host: it is empty") { $0.host = "" },
        Change("host: it is neither") { $0.host = "[::1]" },
        Change("host: it is neither") { $0.host = "h:5672" },
        Change("host: it is neither") { $0.host = "h\0" },
        Change("host: it is neither") { $0.host = "fe80::1%" },
        Change("host: it is neither") { $0.host = String(repeating: "h", count: 256) },
        Change(nil) { $0.host = String(repeating: "h", count: 255) },
        Change(nil) { $0.host = "fe80::1%eth0" },
        Change("port: it is 0") { $0.port = 0 },
        Change(nil) { $0.virtualHost = "" },
        Change(nil) { $0.virtualHost = String(repeating: "ü", count: 127) + "v" },
        Change("virtualHost: it is longer than 255") { $0.virtualHost = String(repeating: "ü", count: 128) },
        Change("credentials: the user name holds a NUL") { $0.credentials = .plain(username: "a\0b", password: "Qz7") },
        Change("credentials: the password holds a NUL") { $0.credentials = .plain(username: "a", password: "Qz7\0") },
        Change("connectionName") { $0.connectionName = "" },
        Change("connectionName") { $0.connectionName = "a\nb" },
        Change("connectionName") { $0.connectionName = String(repeating: "n", count: 256) },
        Change(nil) { $0.connectionName = String(repeating: "n", count: 255) },
        Change(nil) { $0.clientProperties = ["product": "x", String(repeating: "n", count: 255): ""] },
        Change("clientProperties: a name") { $0.clientProperties = ["": "x"] },
        Change("clientProperties: a name") { $0.clientProperties = [String(repeating: "n", count: 256): "x"] },
        Change("clientProperties: the library") { $0.clientProperties = ["capabilities": "x"] },
        Change("clientProperties: the library") { $0.clientProperties = ["connection_name": "x"] },
        Change("clientProperties: with the credentials") {
            $0.clientProperties["x"] = String(repeating: "v", count: 131_072)
        },
        Change("clientProperties: with the credentials") {
            $0.credentials = .plain(username: "u", password: String(repeating: "Qz7", count: 50_000))
        },
        Change(nil) { $0.heartbeat = .zero },
        Change(nil) { $0.heartbeat = .seconds(65535) },
        Change("heartbeat") { $0.heartbeat = .seconds(65535) + .nanoseconds(1) },
        Change("heartbeat") { $0.heartbeat = .nanoseconds(-1) },
        Change("heartbeat") { $0.heartbeat = longest },
        Change(nil) { $0.connectTimeout = .milliseconds(1) },
        Change("connectTimeout: it is not between 1 ms and 24 h") { $0.connectTimeout = .zero },
        Change("connectTimeout") { $0.connectTimeout = longest },
        Change("rpcTimeout") { $0.rpcTimeout = .microseconds(999) },
        Change(nil) { $0.publishTimeout = .seconds(86_400) },
        Change("publishTimeout") { $0.publishTimeout = .seconds(86_401) },
        Change("closeTimeout") { $0.closeTimeout = .seconds(-1) },
        Change(nil) { $0.channelMax = 0 },
        Change(nil) { $0.frameMax = 8192 },
        Change("frameMax: 8191 bytes") { $0.frameMax = 8191 },
        Change("frameMax: 0 bytes") { $0.frameMax = 0 },
        Change("frameMax") { $0.frameMax = .max },
        Change("maximumInboundBodySize") { $0.maximumInboundBodySize = 0 },
        Change("maximumInboundBodySize") { $0.maximumInboundBodySize = .max },
        Change("outboundBufferLimit") { $0.outboundBufferLimit = 4095 },
        Change("outboundBufferLimit") { $0.outboundBufferLimit = .min },
    ]

    @Test(arguments: changes)
    func ranges(_ change: Change) throws {
        var configuration = AMQPConfiguration()
        change.apply(&configuration)
        // Whatever is in it, it can be shown.
        #expect(!configuration.redactedURL.contains("Qz7"))
        guard let expected = change.error else { return try configuration.validate() }
        let error = try #require(throws: AMQPError.self) { try configuration.validate() }
        #expect(error.code == .invalidConfiguration)
        #expect(error.text.hasPrefix(expected), "it says: \(error.text)")
        #expect(error.text.contains("; "))
        #expect(!error.text.contains("Qz7"))
    }

    static let roundings: [(Duration, UInt16)] = [
        (Duration.zero, UInt16(0)), (.nanoseconds(1), 1), (.milliseconds(999), 1), (.seconds(1), 1),
        (.seconds(1) + Duration(secondsComponent: 0, attosecondsComponent: 1), 2), (.milliseconds(20_001), 21),
        (.seconds(65534) + .milliseconds(1), 65535), (.seconds(65535), 65535), (.seconds(65536), 65535),
        (.seconds(-1), 0), (.nanoseconds(-1), 0), (longest, 65535), (longest + longest, 65535),
        (.zero - longest - longest, 0),
    ]

    @Test(arguments: roundings)
    func heartbeatIsRoundedUpToWholeSeconds(_ heartbeat: Duration, _ seconds: UInt16) {
        var configuration = AMQPConfiguration()
        configuration.heartbeat = heartbeat
        configuration.connectTimeout = heartbeat
        #expect(configuration.heartbeatSeconds == seconds)
        #expect(!configuration.redactedURL.isEmpty)
    }

    @Test func defaults() throws {
        let configuration = AMQPConfiguration()
        try configuration.validate()
        #expect(configuration.endpoint == "localhost:5672/%2F")
        #expect(configuration.credentials == .plain(username: "guest", password: "guest"))
        #expect(configuration.heartbeatSeconds == 20)
        #expect(configuration.connectTimeout == .seconds(30) && configuration.rpcTimeout == .seconds(30))
        #expect(configuration.publishTimeout == .seconds(30) && configuration.closeTimeout == .seconds(5))
        #expect(configuration.channelMax == 2047 && configuration.frameMax == 131_072)
        #expect(configuration.maximumInboundBodySize == 134_217_728 && configuration.outboundBufferLimit == 4_194_304)
        #expect(configuration.connectionName == nil && configuration.clientProperties.isEmpty)
    }
}
