internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_options` is.
///
/// Invariant: read by many threads, or changed by one, which is what the header asks of callers. That is why the class is
/// `@unchecked Sendable`.
final class OptionsObject: @unchecked Sendable {
    private var changes: [String: OptionKey.Change] = [:]
    private var endpoints: [AMQPConfiguration] = []
    var topology = AMQPTopology()

    init() {}

    init(copying other: OptionsObject) {
        changes = other.changes
        endpoints = other.endpoints
        topology = other.topology
    }

    func set(_ name: String, _ input: OptionInput) throws(Failure) {
        changes[name] = try OptionKey.named(name).change(input)
    }

    func add(_ endpoint: AMQPConfiguration) { endpoints.append(endpoint) }

    /// What all of it says.
    private var settings: OptionSettings {
        var settings = OptionSettings()
        settings.client.endpoints = endpoints
        for change in changes.values { change(&settings) }
        return settings
    }

    // MARK: What is made with it. NULL takes every default.

    static func settings(_ options: OptionsObject?) -> OptionSettings { options?.settings ?? OptionSettings() }

    /// What a client is made with.
    static func clientConfiguration(
        _ options: OptionsObject?
    ) throws(Failure) -> (AMQPClientConfiguration, AMQPTopology) {
        let configuration = settings(options).client
        guard !configuration.endpoints.isEmpty else {
            throw .invalidArgument(
                "the options have no endpoint; add one: samqp_options_add_endpoint(options, \"amqp://host\", &error)")
        }
        try configuration.backoff.check("client.recovery")
        try configuration.publishing.nackBackoff.check("client.nack")
        try mapped { () throws(AMQPError) in try configuration.validate() }
        return (configuration, options?.topology ?? AMQPTopology())
    }

    /// What a publisher is made with.
    static func publisherSettings(_ options: OptionsObject?) throws(Failure) -> PublisherSettings {
        settings(options).publisher
    }

    /// What a consumer is made with.
    static func consumerConfiguration(
        _ options: OptionsObject?, queue: String
    ) throws(Failure) -> AMQPConsumerConfiguration {
        let settings = settings(options)
        var configuration = settings.consumer
        configuration.queue = queue
        if settings.automatic.isEnabled {
            configuration.acknowledgement = .automatic(bufferLimit: settings.automatic.limit)
        }
        configuration.failures = try settings.failures.made()
        if settings.isBreakerEnabled { configuration.circuitBreaker = settings.breaker }
        try configuration.backoff.check("consumer.backoff")
        try settings.failures.backoff.check("failures")
        try settings.breaker.check()
        try mapped { () throws(AMQPError) in try configuration.validate() }
        return configuration
    }
}

// What a key alone cannot tell: whether values fit together. Errors name keys, which is what a caller of C knows.

extension AMQPBackoff {
    fileprivate func check(_ prefix: String) throws(Failure) {
        guard initial > maximum else { return }
        let separator = prefix == "failures" ? "." : "_"
        throw .invalidArgument(
            "option '\(prefix)\(separator)max_ms' is \(maximum.wholeMilliseconds); it must be at least "
                + "\(prefix)\(separator)initial_ms, which is \(initial.wholeMilliseconds)")
    }
}

extension AMQPCircuitBreaker {
    fileprivate func check() throws(Failure) {
        for (name, value) in [("min_results", minimumResults), ("trial_results", trialResults)] where value > window {
            throw .invalidArgument(
                "option 'breaker.\(name)' is \(value); it must be 1 to breaker.window, which is \(window)")
        }
        try pause.check("breaker.pause")
    }
}
