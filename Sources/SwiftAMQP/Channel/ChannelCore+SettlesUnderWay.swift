internal import AMQPTransport
internal import AMQPWire

extension ChannelCore {
    /// Waits until what was settled on this channel has taken effect, where the broker would otherwise forget some of it
    /// when the channel is closed: see ``SettlesUnderWay``. Ends with the channel at the latest.
    ///
    /// A quorum queue answers `basic.consume` and `basic.cancel` from its log, behind every settle that was passed on to it
    /// before. With the second answer the broker's channel has heard of all of those, and has passed on what had to wait.
    /// The consumer has no credit, so nothing is delivered to it and nothing counts as a delivery. (`x-credit` is what
    /// RabbitMQ's own AMQP 1.0 plugin uses. A broker that does not know it delivers one message, which goes back.)
    func settlesTakeEffect() async {
        let (written, queues) = lock.withLock {
            // RabbitMQ refuses consumers of quorum queues on a channel with a global limit, and closes the connection.
            settles.canBeForgotten && isOpen && globalPrefetch == 0 ? (settles.written, settles.queues) : (0, [])
        }
        guard !queues.isEmpty else { return }
        for queue in queues {
            guard
                let consumer = try? await subscribe(
                    .init(
                        queue: queue, tag: ConsumerTags.next(), acknowledgement: .manual, prefetch: 1,
                        isExclusive: false, arguments: ["x-credit": ["credit": .int64(0), "drain": .bool(false)]]))
            else { return }
            await unsubscribe(consumer)
        }
        lock.withLock { settles.haveTakenEffect(upTo: written) }
    }
}
