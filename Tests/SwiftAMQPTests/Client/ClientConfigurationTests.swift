import Testing

@testable import SwiftAMQP

@Suite struct ClientConfigurationTests {
    private static func valid() throws -> AMQPClientConfiguration {
        AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://localhost"))
    }

    @Test func theDefaultsAreValid() throws { try Self.valid().validate() }

    struct Change: Sendable, CustomTestStringConvertible {
        let field: String
        let apply: @Sendable (inout AMQPClientConfiguration) -> Void
        init(_ field: String, _ apply: @escaping @Sendable (inout AMQPClientConfiguration) -> Void) {
            self.field = field
            self.apply = apply
        }
        var testDescription: String { field }
    }

    /// Each error names its field.
    @Test(arguments: [
        Change("endpoints") { $0.endpoints = [] }, Change("backoff.initial") { $0.backoff.initial = .zero },
        Change("backoff.maximum") { $0.backoff.maximum = .milliseconds(1) },
        Change("backoff.multiplier") { $0.publishing.nackBackoff.multiplier = 0 },
        Change("attemptTimeout") { $0.attemptTimeout = .zero },
        Change("attemptTimeout") { $0.attemptTimeout = .seconds(86_401) },
        Change("topologyRetryInterval") { $0.topologyRetryInterval = .microseconds(1) },
        Change("firstConnect") { $0.firstConnect = .within(.zero) },
        Change("refusalTolerance") { $0.refusalTolerance = .seconds(-1) },
        Change("publishing.maximumMessages") { $0.publishing.maximumMessages = 0 },
        Change("publishing.maximumMessages") { $0.publishing.maximumMessages = 10_000_001 },
        Change("publishing.maximumBytes") { $0.publishing.maximumBytes = 1023 },
        Change("publishing.maximumBytes") { $0.publishing.maximumBytes = .max },
        Change("rpcTimeout") { $0.endpoints[0].rpcTimeout = .zero },
    ])
    func whatIsOutOfRange(change: Change) throws {
        var configuration = try Self.valid()
        change.apply(&configuration)
        let error = #expect(throws: AMQPError.self) { try configuration.validate() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.text.contains(change.field) == true)
        #expect(throws: AMQPError.self) { try AMQPClient(configuration: configuration) }
    }

    @Test(arguments: [
        Change("refusalTolerance") { $0.refusalTolerance = nil },
        Change("refusalTolerance") { $0.refusalTolerance = .zero },
        Change("firstConnect") { $0.firstConnect = .keepTrying },
        Change("maximumMessages") { $0.publishing.maximumMessages = 1 },
        Change("maximumBytes") { $0.publishing.maximumBytes = 1024 },
        Change("attemptTimeout") { $0.attemptTimeout = .milliseconds(1) },
    ])
    func whatIsAtTheEndOfARange(change: Change) throws {
        var configuration = try Self.valid()
        change.apply(&configuration)
        try configuration.validate()
    }
}
