import CSwiftAMQP
import SwiftAMQP
import Testing

@testable import SwiftAMQPFacade

/// Each key has to lead to the field that it names: all of them are set, to values that differ, and what is made of them is
/// compared with the same made by hand.
@Suite("Where options of C lead to")
struct OptionFieldTests {
    private static func options(_ values: [String: String]) throws -> OptionsObject {
        let object = OptionsObject()
        for (key, value) in values { try object.set(key, .text(value)) }
        return object
    }

    private static func keys(of prefixes: String...) -> Set<String> {
        Set(OptionKey.all.filter { !$0.isTable && prefixes.contains(String($0.name.prefix { $0 != "." })) }.map(\.name))
    }

    @Test("clients and connections")
    func clients() throws {
        let values = [
            "connection.username": "u", "connection.password": "p", "connection.name": "n",
            "connection.heartbeat_ms": "1000", "connection.connect_timeout_ms": "1001",
            "connection.rpc_timeout_ms": "1002", "connection.publish_timeout_ms": "1003",
            "connection.close_timeout_ms": "1004", "connection.channel_max": "1005", "connection.frame_max": "10006",
            "connection.max_body_size": "1007", "connection.outbound_buffer_limit": "5008",
            "client.first_connect_ms": "1009", "client.recovery_initial_ms": "10", "client.recovery_max_ms": "1011",
            "client.recovery_multiplier": "1.5", "client.attempt_timeout_ms": "1013",
            "client.refusal_tolerance_ms": "1014", "client.topology_retry_ms": "1015", "client.max_messages": "1016",
            "client.max_bytes": "1117", "client.when_full": "drop_oldest", "client.assign_message_ids": "false",
            "client.nack_initial_ms": "20", "client.nack_max_ms": "1021", "client.nack_multiplier": "2.5",
        ]
        #expect(Set(values.keys) == Self.keys(of: "connection", "client"))
        var endpoint = AMQPConfiguration(host: "host", credentials: .plain(username: "u", password: "p"))
        endpoint.connectionName = "n"
        endpoint.heartbeat = .milliseconds(1000)
        endpoint.connectTimeout = .milliseconds(1001)
        endpoint.rpcTimeout = .milliseconds(1002)
        endpoint.publishTimeout = .milliseconds(1003)
        endpoint.closeTimeout = .milliseconds(1004)
        endpoint.channelMax = 1005
        endpoint.frameMax = 10_006
        endpoint.maximumInboundBodySize = 1007
        endpoint.outboundBufferLimit = 5008
        var expected = AMQPClientConfiguration(endpoint)
        expected.firstConnect = .within(.milliseconds(1009))
        expected.backoff = AMQPBackoff(initial: .milliseconds(10), maximum: .milliseconds(1011), multiplier: 1.5)
        expected.attemptTimeout = .milliseconds(1013)
        expected.refusalTolerance = .milliseconds(1014)
        expected.topologyRetryInterval = .milliseconds(1015)
        expected.publishing.maximumMessages = 1016
        expected.publishing.maximumBytes = 1117
        expected.publishing.whenFull = .dropOldest
        expected.publishing.assignsMessageIDs = false
        expected.publishing.nackBackoff = AMQPBackoff(
            initial: .milliseconds(20), maximum: .milliseconds(1021), multiplier: 2.5)
        let options = try Self.options(values)
        options.add(AMQPConfiguration(host: "host"))
        #expect(try OptionsObject.clientConfiguration(options).0 == expected)
    }

    @Test("publishers")
    func publishers() throws {
        let values = [
            "publisher.window": "5", "publisher.policy": "once", "publisher.timeout_ms": "6",
            "publisher.mandatory": "false",
        ]
        #expect(Set(values.keys) == Self.keys(of: "publisher"))
        let expected = PublisherSettings(window: 5, policy: .once, timeout: .milliseconds(6), isMandatory: false)
        let made = try OptionsObject.publisherSettings(try Self.options(values))
        #expect(String(reflecting: made) == String(reflecting: expected))
    }

    @Test("consumers, failures, breakers and handlers")
    func consumers() throws {
        var values = [
            "consumer.prefetch": "5", "consumer.max_concurrency": "6", "consumer.auto_ack": "true",
            "consumer.auto_ack_max_messages": "7", "consumer.auto_ack_max_bytes": "8", "consumer.tag": "t",
            "consumer.exclusive": "true", "consumer.when_cancelled": "end", "consumer.when_channel_fails": "come_back",
            "consumer.refusal_limit": "9", "consumer.backoff_initial_ms": "10", "consumer.backoff_max_ms": "111",
            "consumer.backoff_multiplier": "1.5", "failures.policy": "retry", "failures.limit": "12",
            "failures.then": "park", "failures.park_queue": "lost", "failures.initial_ms": "13",
            "failures.max_ms": "114", "failures.multiplier": "2.5", "failures.delays_ms": "15,16",
            "failures.queue_kind": "classic", "failures.max_length": "17", "failures.error_detail": "text",
            "breaker.enabled": "true", "breaker.window": "20", "breaker.min_results": "18",
            "breaker.failure_rate": "0.25", "breaker.pause_initial_ms": "19", "breaker.pause_max_ms": "120",
            "breaker.pause_multiplier": "3.5", "breaker.trial_results": "4", "breaker.close_after": "21",
            "handler.deadline_ms": "22", "handler.consumer_timeout_ms": "2300", "handler.warning_share": "0.75",
        ]
        #expect(Set(values.keys) == Self.keys(of: "consumer", "failures", "breaker", "handler"))
        var expected = AMQPConsumerConfiguration(queue: "q")
        expected.prefetch = 5
        expected.maximumConcurrency = 6
        expected.acknowledgement = .automatic(bufferLimit: .init(maximumMessages: 7, maximumBytes: 8))
        expected.consumerTag = "t"
        expected.isExclusive = true
        expected.whenCancelledByBroker = .end
        expected.refusalLimit = 9
        expected.backoff = AMQPBackoff(initial: .milliseconds(10), maximum: .milliseconds(111), multiplier: 1.5)
        expected.failures = .retry(
            AMQPRetryQueues(
                delays: [.milliseconds(15), .milliseconds(16)], limit: 12, then: .park(queue: "lost"), kind: .classic,
                maximumLength: 17, errorDetail: .text))
        expected.circuitBreaker = AMQPCircuitBreaker(
            window: 20, minimumResults: 18, failureRate: 0.25,
            pause: AMQPBackoff(initial: .milliseconds(19), maximum: .milliseconds(120), multiplier: 3.5),
            trialResults: 4, closeAfter: 21)
        expected.deadlines = AMQPHandlerDeadlines(
            handlerDeadline: .milliseconds(22), consumerTimeout: .milliseconds(2300), warningShare: 0.75)
        func made() throws -> String {
            String(reflecting: try OptionsObject.consumerConfiguration(try Self.options(values), queue: "q"))
        }
        #expect(try made() == String(reflecting: expected))

        values["failures.policy"] = "requeue"
        values["consumer.when_cancelled"] = "come_back"
        values["consumer.when_channel_fails"] = "end"
        values["failures.park_queue"] = "none"
        expected.whenCancelledByBroker = .comeBack
        expected.whenChannelFails = .end
        expected.failures = .requeue(
            backoff: AMQPBackoff(initial: .milliseconds(13), maximum: .milliseconds(114), multiplier: 2.5), limit: 12,
            then: .park())
        #expect(try made() == String(reflecting: expected))
    }
}
