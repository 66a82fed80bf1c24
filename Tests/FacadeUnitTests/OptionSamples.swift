import Testing

/// Values of every key: at the ends of its range, and beyond.
enum OptionSamples {
    struct Sample: Sendable, CustomTestStringConvertible {
        let key: String
        /// What is given, and how it reads then.
        let good: [(String, String)]
        let bad: [String]
        var isText = false

        var testDescription: String { key }
    }

    static let all: [Sample] =
        [
            Sample(
                key: "connection.username", good: [("", ""), ("grüße", "grüße")],
                bad: [String(repeating: "x", count: 65_536)], isText: true),
            Sample(key: "connection.password", good: [("", "***"), ("x", "***")], bad: [], isText: true),
            Sample(
                key: "connection.name", good: [("x", "x"), ("none", "none"), ("12", "12")], bad: ["", longText],
                isText: true),
            range("connection.heartbeat_ms", 0, 65_535_000),
            day("connection.connect_timeout_ms"), day("connection.rpc_timeout_ms"),
            day("connection.publish_timeout_ms"), day("connection.close_timeout_ms"),
            range("connection.channel_max", 0, 65_535),
            range("connection.frame_max", 8192, 16_777_216),
            range("connection.max_body_size", 1, 2_147_483_647),
            range("connection.outbound_buffer_limit", 4096, 1_073_741_824),

            Sample(
                key: "client.first_connect_ms",
                good: [("0", "0"), ("1", "1"), ("86400000", "86400000"), ("-1", "none"), ("none", "none")],
                bad: ["-2", "86400001"]),
            hour("client.recovery_initial_ms"), day("client.recovery_max_ms"), multiplier("client.recovery_multiplier"),
            day("client.attempt_timeout_ms"),
            range("client.refusal_tolerance_ms", 0, 86_400_000, orNone: true),
            day("client.topology_retry_ms"),
            range("client.max_messages", 1, 10_000_000),
            range("client.max_bytes", 1024, 1 << 40),
            words("client.when_full", "suspend", "fail", "drop_oldest"),
            flag("client.assign_message_ids"),
            hour("client.nack_initial_ms"), day("client.nack_max_ms"), multiplier("client.nack_multiplier"),

            range("publisher.window", 1, 10_000_000, orNone: true),
            words("publisher.policy", "at_least_once", "once"),
            range("publisher.timeout_ms", 1, 86_400_000, orNone: true),
            flag("publisher.mandatory"),

            range("consumer.prefetch", 1, 65_535, orNone: true),
            range("consumer.max_concurrency", 1, 65_535),
            flag("consumer.auto_ack"),
            range("consumer.auto_ack_max_messages", 2, .max), range("consumer.auto_ack_max_bytes", 2, .max),
            Sample(
                key: "consumer.tag", good: [("x", "x"), ("none", "none")], bad: ["", longText], isText: true),
            flag("consumer.exclusive"),
            words("consumer.when_cancelled", "come_back", "end"),
            words("consumer.when_channel_fails", "come_back", "end"),
            range("consumer.refusal_limit", 1, .max, orNone: true),
            hour("consumer.backoff_initial_ms"), day("consumer.backoff_max_ms"),
            multiplier("consumer.backoff_multiplier"),

            words("failures.policy", "requeue", "reject", "retry"),
            range("failures.limit", 1, 1000, orNone: true),
            Sample(
                key: "failures.then", good: [("reject", "reject"), ("park", "park"), ("none", "none"), ("-1", "none")],
                bad: ["Park"]),
            Sample(
                key: "failures.park_queue", good: [("x", "x"), ("none", "none")], bad: ["", longText], isText: true),
            hour("failures.initial_ms"), day("failures.max_ms"), multiplier("failures.multiplier"),
            Sample(
                key: "failures.delays_ms",
                good: [
                    ("1", "1"), ("1,2 , 86400000", "1,2,86400000"),
                    (many(32), many(32)),
                ],
                bad: ["0", "1,", ",1", "1,,2", "86400001", "1;2", "1 2", many(33), "-1"]),
            words("failures.queue_kind", "quorum", "classic"),
            range("failures.max_length", 1, .max, orNone: true),
            words("failures.error_detail", "none", "kind", "text"),

            flag("breaker.enabled"),
            range("breaker.window", 1, 10_000), range("breaker.min_results", 1, 10_000),
            share("breaker.failure_rate"),
            hour("breaker.pause_initial_ms"), day("breaker.pause_max_ms"), multiplier("breaker.pause_multiplier"),
            range("breaker.trial_results", 1, 10_000), range("breaker.close_after", 1, 10_000),

            range("handler.deadline_ms", 1, 86_400_000, orNone: true),
            range("handler.consumer_timeout_ms", 1000, 2_592_000_000, orNone: true),
            share("handler.warning_share"),
        ]

    private static func range(_ key: String, _ lowest: Int64, _ highest: Int64, orNone: Bool = false) -> Sample {
        var sample = Sample(
            key: key, good: [("\(lowest)", "\(lowest)"), ("\(highest)", "\(highest)")],
            bad: ["\(lowest - 1)", "-2", "1.5"] + (highest < .max ? ["\(highest + 1)"] : []))
        if orNone {
            sample = Sample(
                key: key, good: sample.good + [("none", "none"), ("-1", "none")], bad: sample.bad.filter { $0 != "-1" })
        } else {
            sample = Sample(key: key, good: sample.good, bad: sample.bad + ["none", "-1"])
        }
        return sample
    }

    private static func day(_ key: String) -> Sample { range(key, 1, 86_400_000) }
    private static func hour(_ key: String) -> Sample { range(key, 1, 3_600_000) }

    private static func multiplier(_ key: String) -> Sample {
        Sample(
            key: key, good: [("1", "1"), ("1.5", "1.5"), ("100", "100")], bad: ["0.99", "100.1", "inf", "-1", "none"])
    }

    private static func share(_ key: String) -> Sample {
        Sample(key: key, good: [("1", "1"), ("0.25", "0.25"), ("0.001", "0.001")], bad: ["0", "1.01", "-0.5"])
    }

    private static func flag(_ key: String) -> Sample {
        Sample(
            key: key, good: [("true", "true"), ("false", "false"), ("1", "true"), ("0", "false")],
            bad: ["2", "-1", "True", "yes", "none"])
    }

    private static func words(_ key: String, _ words: String...) -> Sample {
        Sample(key: key, good: words.map { ($0, $0) }, bad: words.map { $0.uppercased() } + ["-1", "0"])
    }

    private static func many(_ count: Int) -> String { (1...count).map { "\($0)" }.joined(separator: ",") }
}
