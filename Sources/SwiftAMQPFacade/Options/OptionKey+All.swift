internal import SwiftAMQP

// Every key, once: what samqp_options_set knows, samqp_options_key lists and docs/c-options.md shows.
extension OptionKey {
    static let all: [OptionKey] =
        connectionKeys + clientKeys + publisherKeys + consumerKeys + failureKeys + breakerKeys + handlerKeys

    private static let connectionKeys: [OptionKey] = [
        .connection("username", \.username, .text(0...65_535), "who the client is"),
        .connection("password", \.password, .secret, "its password, or a token; never shown"),
        .connection(
            "name", \.connectionName, OptionType<String>.text(1...255).orNone(),
            "what the broker's pages and logs call the connections"),
        .connection(
            "properties", \.clientProperties, .texts,
            "more client properties, as `rabbitmqctl list_connections client_properties` shows them"),
        .connection(
            "heartbeat_ms", \.heartbeat, .milliseconds(0...65_535_000),
            "the heartbeat timeout to ask for, rounded up to seconds; 0 for none"),
        .connection(
            "connect_timeout_ms", \.connectTimeout, .upToADay,
            "how long one attempt may take: the name, TCP and the handshake together"),
        .connection(
            "rpc_timeout_ms", \.rpcTimeout, .upToADay, "how long a request on a channel waits for its answer"),
        .connection(
            "publish_timeout_ms", \.publishTimeout, .upToADay, "how long a publish may take until its outcome is known"),
        .connection("close_timeout_ms", \.closeTimeout, .upToADay, "how long an orderly close waits for the broker"),
        .connection(
            "channel_max", \.channelMax, .integer(0...65_535),
            "how many channels a connection may have; 0 for as many as the broker allows"),
        .connection("frame_max", \.frameMax, .integer(8192...16_777_216), "the largest frame to agree on, in bytes"),
        .connection(
            "max_body_size", \.maximumInboundBodySize, .integer(1...2_147_483_647),
            "the largest body to accept, in bytes; a larger one ends the connection"),
        .connection(
            "outbound_buffer_limit", \.outboundBufferLimit, .integer(4096...1_073_741_824),
            "how many bytes may wait to be written before publishers wait"),
    ]

    private static let clientKeys: [OptionKey] = [
        OptionKey(
            "client.first_connect_ms", \.client.firstConnect, .firstConnect,
            "how long attempts go on until the first connection; then the client is closed"),
        OptionKey(
            "client.recovery_initial_ms", \.client.backoff.initial, .upToAnHour,
            "the most that the first wait between rounds of attempts takes"),
        OptionKey(
            "client.recovery_max_ms", \.client.backoff.maximum, .upToADay,
            "the most that any wait takes; at least client.recovery_initial_ms"),
        OptionKey(
            "client.recovery_multiplier", \.client.backoff.multiplier, .number(1...100),
            "by how much that grows with each round"),
        OptionKey(
            "client.attempt_timeout_ms", \.client.attemptTimeout, .upToADay,
            "the most that one attempt at one endpoint takes"),
        OptionKey(
            "client.refusal_tolerance_ms", \.client.refusalTolerance,
            OptionType<Duration>.milliseconds(0...86_400_000).orNone(),
            "for how long the broker may refuse the credentials before the client gives up, once it was connected"),
        OptionKey(
            "client.topology_retry_ms", \.client.topologyRetryInterval, .upToADay,
            "how long what failed to be declared waits for the next attempt"),
        OptionKey(
            "client.max_messages", \.client.publishing.maximumMessages, .integer(1...10_000_000),
            "how many messages a publisher holds that have no outcome yet"),
        OptionKey(
            "client.max_bytes", \.client.publishing.maximumBytes, .integer(1024...(1 << 40)),
            "how many bytes of bodies, with 512 for each message"),
        OptionKey(
            "client.when_full", \.client.publishing.whenFull,
            .choice(("suspend", .suspend), ("fail", .fail), ("drop_oldest", .dropOldest)),
            "what happens to a publish that finds its publisher full: it waits, it ends as not sent, or the oldest does"
        ),
        OptionKey(
            "client.assign_message_ids", \.client.publishing.assignsMessageIDs, .bool,
            "whether messages without a message id get one"),
        OptionKey(
            "client.nack_initial_ms", \.client.publishing.nackBackoff.initial, .upToAnHour,
            "the most that the first wait takes before a refused message is sent again"),
        OptionKey(
            "client.nack_max_ms", \.client.publishing.nackBackoff.maximum, .upToADay,
            "the most that any of these waits takes; at least client.nack_initial_ms"),
        OptionKey(
            "client.nack_multiplier", \.client.publishing.nackBackoff.multiplier, .number(1...100),
            "by how much that grows with each refusal"),
    ]

    private static let publisherKeys: [OptionKey] = [
        OptionKey(
            "publisher.window", \.publisher.window, OptionType<Int>.integer(1...10_000_000).orNone(),
            "how many messages may be without an outcome; none for client.max_messages"),
        OptionKey(
            "publisher.policy", \.publisher.policy, .choice(("at_least_once", .atLeastOnce), ("once", .once)),
            "whether a message is sent again when its fate is not known, or the broker refused it"),
        OptionKey(
            "publisher.timeout_ms", \.publisher.timeout, OptionType<Duration>.upToADay.orNone(),
            "the deadline of each publish; none for connection.publish_timeout_ms"),
        OptionKey(
            "publisher.mandatory", \.publisher.isMandatory, .bool, "whether a message that no queue gets is an error"),
    ]

    private static let consumerKeys: [OptionKey] = [
        OptionKey(
            "consumer.prefetch", \.consumer.prefetch, .prefetch,
            "how many deliveries may be unsettled; none for any number"),
        OptionKey(
            "consumer.max_concurrency", \.consumer.maximumConcurrency, .integer(1...65_535),
            "how many handlers run at a time; 1 keeps the order"),
        OptionKey(
            "consumer.auto_ack", \.automatic.isEnabled, .bool,
            "whether the broker forgets a message as soon as it has sent it"),
        OptionKey(
            "consumer.auto_ack_max_messages", \.automatic.limit.maximumMessages, .integer(2...(.max)),
            "with consumer.auto_ack, how many messages may wait here"),
        OptionKey(
            "consumer.auto_ack_max_bytes", \.automatic.limit.maximumBytes, .integer(2...(.max)),
            "with consumer.auto_ack, how many bytes may wait here"),
        OptionKey(
            "consumer.tag", \.consumer.consumerTag, OptionType<String>.text(1...255).orNone(),
            "the consumer's name at the broker; none for one that is made up"),
        OptionKey(
            "consumer.exclusive", \.consumer.isExclusive, .bool, "whether nobody else may consume from the queue"),
        OptionKey(
            "consumer.arguments", \.consumer.arguments, .table, "arguments of basic.consume, for example x-priority"),
        OptionKey(
            "consumer.when_cancelled", \.consumer.whenCancelledByBroker, whenEnded,
            "what a consumer does that the broker cancelled, for example because its queue was deleted"),
        OptionKey(
            "consumer.when_channel_fails", \.consumer.whenChannelFails, whenEnded,
            "what a consumer does whose channel the broker closed"),
        OptionKey(
            "consumer.refusal_limit", \.consumer.refusalLimit, OptionType<Int>.integer(1...(.max)).orNone(),
            "how often in a row the broker may refuse access before the consumer ends"),
        OptionKey(
            "consumer.backoff_initial_ms", \.consumer.backoff.initial, .upToAnHour,
            "the most that the first wait takes before a consumer comes back"),
        OptionKey(
            "consumer.backoff_max_ms", \.consumer.backoff.maximum, .upToADay,
            "the most that any of these waits takes; at least consumer.backoff_initial_ms"),
        OptionKey(
            "consumer.backoff_multiplier", \.consumer.backoff.multiplier, .number(1...100),
            "by how much that grows with each attempt"),
    ]

    private static let whenEnded = OptionType<AMQPConsumerConfiguration.WhenEnded>.choice(
        ("come_back", .comeBack), ("end", .end))

    private static let failureKeys: [OptionKey] = [
        OptionKey(
            "failures.policy", \.failures.policy,
            .choice(("requeue", .requeue), ("reject", .reject), ("retry", .retry)),
            "a delivery whose handler failed goes back to its queue, is rejected, or waits in retry queues"),
        OptionKey(
            "failures.limit", \.failures.limit, OptionType<Int>.integer(1...1000).orNone(),
            "how many times a message may fail; up to 19, or none, with requeue"),
        OptionKey(
            "failures.then", \.failures.then,
            OptionType<FailureSettings.Then>.choice(("reject", .reject), ("park", .park)).orNone(),
            "what becomes of it then; none for the policy's own: reject with requeue, park with retry"),
        OptionKey(
            "failures.park_queue", \.failures.parkingQueue, OptionType<String>.text(1...255).orNone(),
            "the queue to park in, which has to exist; none for <queue>.parked, which is declared"),
        OptionKey(
            "failures.initial_ms", \.failures.backoff.initial, .upToAnHour,
            "with requeue, the most that a delivery is held after its first failure"),
        OptionKey(
            "failures.max_ms", \.failures.backoff.maximum, .upToADay,
            "with requeue, the most that it is ever held; at least failures.initial_ms"),
        OptionKey(
            "failures.multiplier", \.failures.backoff.multiplier, .number(1...100),
            "with requeue, by how much that grows with each failure"),
        OptionKey(
            "failures.delays_ms", \.failures.queues.delays, .delays,
            "with retry, how long the first retry waits, the second, and so on; the last repeats"),
        OptionKey(
            "failures.queue_kind", \.failures.queues.kind, .choice(("quorum", .quorum), ("classic", .classic)),
            "with retry, what kind of queue messages wait in"),
        OptionKey(
            "failures.max_length", \.failures.queues.maximumLength, OptionType<Int64>.integer(1...(.max)).orNone(),
            "with retry, how many messages each retry queue holds"),
        OptionKey(
            "failures.error_detail", \.failures.queues.errorDetail,
            .choice(("none", .none), ("kind", .kind), ("text", .text)),
            "with retry, what a copy says of the error in its headers: everybody who may read the queue sees it"),
    ]

    private static let breakerKeys: [OptionKey] = [
        OptionKey(
            "breaker.enabled", \.isBreakerEnabled, .bool, "whether a consumer pauses when too many handlers fail"),
        OptionKey("breaker.window", \.breaker.window, .integer(1...10_000), "how many of the last results count"),
        OptionKey(
            "breaker.min_results", \.breaker.minimumResults, .integer(1...10_000),
            "how many results there have to be; up to breaker.window"),
        OptionKey(
            "breaker.failure_rate", \.breaker.failureRate, .number(0...1, isOpen: true),
            "the share of failures from which on it pauses"),
        OptionKey("breaker.pause_initial_ms", \.breaker.pause.initial, .upToAnHour, "how long the first pause takes"),
        OptionKey(
            "breaker.pause_max_ms", \.breaker.pause.maximum, .upToADay,
            "how long any pause takes at most; at least breaker.pause_initial_ms"),
        OptionKey(
            "breaker.pause_multiplier", \.breaker.pause.multiplier, .number(1...100),
            "by how much a pause grows that did not help"),
        OptionKey(
            "breaker.trial_results", \.breaker.trialResults, .integer(1...10_000),
            "after a pause, so many failures at first begin the next one; up to breaker.window"),
        OptionKey(
            "breaker.close_after", \.breaker.closeAfter, .integer(1...10_000),
            "after so many successes the next pause is the first again"),
    ]

    private static let handlerKeys: [OptionKey] = [
        OptionKey(
            "handler.deadline_ms", \.consumer.deadlines.handlerDeadline, OptionType<Duration>.upToADay.orNone(),
            "after which time a handler that still runs is reported and asked to end"),
        OptionKey(
            "handler.consumer_timeout_ms", \.consumer.deadlines.consumerTimeout,
            OptionType<Duration>.milliseconds(1000...2_592_000_000).orNone(),
            "the broker's consumer_timeout, which it does not tell"),
        OptionKey(
            "handler.warning_share", \.consumer.deadlines.warningShare, .number(0...1, isOpen: true),
            "at which share of that an unsettled delivery is reported and its handler asked to end"),
    ]
}
