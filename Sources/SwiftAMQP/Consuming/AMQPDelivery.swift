public import AMQPWire

/// A message that the broker delivered, and the means to settle it.
///
/// A delivery belongs to the channel it came on. Once that channel is gone, settling throws `.stale` and writes nothing:
/// the broker has taken the message back and delivers it again, and a late ack can never hit another message.
///
/// Settling never waits; any task or thread may do it.
public struct AMQPDelivery: Sendable {
    let batch: DeliveryBatch
    private let index: Int

    /// The message.
    public var message: AMQPMessage { AMQPMessage(body: body, properties: properties) }
    /// The body. A small one is copied out of the delivery by each call.
    public var body: [UInt8] { batch.body(at: index) }
    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { batch.text(at: index) }
    /// The basic properties, headers included.
    public var properties: AMQPProperties { batch.fields[index].properties }
    /// Why ``properties`` is empty, where the publisher sent properties that cannot be read (nested too deep, a field of
    /// an unknown kind). The body is whole; a program that needs the properties rejects the message.
    public var propertiesError: AMQPError? { batch.fields[index].propertiesError }
    /// The exchange it was published to; empty for the default exchange.
    public var exchange: String { batch.fields[index].exchange }
    /// The routing key it was published with.
    public var routingKey: String { batch.fields[index].routingKey }
    /// The broker's number for it, counted per channel.
    public var deliveryTag: UInt64 { batch.fields[index].deliveryTag }
    /// Whether the broker may have delivered it before, to this or to another consumer.
    public var isRedelivered: Bool { batch.fields[index].isRedelivered }
    /// The tag of the consumer that it came to; empty for `get`.
    public var consumerTag: String { batch.consumer.tag }

    /// - Parameters:
    ///   - batch: Where it lies.
    ///   - index: Its place there, which exists.
    @inline(__always)
    init(batch: DeliveryBatch, index: Int) {
        self.batch = batch
        self.index = index
    }

    /// Tells the broker that the message was handled and can be forgotten.
    ///
    /// - Parameter multiple: Also settles every earlier delivery of the channel that the program was given. Deliveries
    ///   that still wait in a buffer are not touched.
    /// - Throws: `.stale` if the channel is gone, `.alreadySettled` if it was settled before, by itself or by a
    ///   `multiple`, or came to an auto-ack consumer. Nothing is written then.
    public func ack(multiple: Bool = false) throws(AMQPError) {
        try settle(.ack, multiple: multiple)
    }

    /// Refuses the message (https://www.rabbitmq.com/nack.html).
    ///
    /// - Parameters:
    ///   - requeue: Whether it goes back to its place in the queue, to be delivered again, possibly at once and for
    ///     ever; otherwise it is dropped, or dead-lettered where the queue says so.
    ///   - multiple: As in ``ack(multiple:)``.
    /// - Throws: As ``ack(multiple:)``.
    public func nack(requeue: Bool, multiple: Bool = false) throws(AMQPError) {
        try settle(.nack(requeue: requeue), multiple: multiple)
    }

    /// Refuses the message with `basic.reject`; the same as ``nack(requeue:multiple:)`` for one message.
    ///
    /// - Throws: As ``ack(multiple:)``.
    public func reject(requeue: Bool) throws(AMQPError) {
        try settle(.reject(requeue: requeue), multiple: false)
    }

    /// As ``ack(multiple:)`` with `multiple`.
    ///
    /// - Parameter count: Is told how many were settled, before anybody can see that nothing is unsettled any more. It must do
    ///   no more than count.
    package func ackUpToThis(_ count: @escaping (Int) -> Void) throws(AMQPError) {
        try settle(.ack, multiple: true, count: count)
    }

    /// As ``nack(requeue:multiple:)`` with `multiple`.
    ///
    /// - Parameter count: As of ``ackUpToThis(_:)``.
    package func nackUpToThis(requeue: Bool, _ count: @escaping (Int) -> Void) throws(AMQPError) {
        try settle(.nack(requeue: requeue), multiple: true, count: count)
    }

    private func settle(
        _ verdict: SettleVerdict, multiple: Bool, count: ((Int) -> Void)? = nil
    ) throws(AMQPError) {
        guard batch.isTracked else {
            throw AMQPError(
                .alreadySettled, "the delivery came with automatic acknowledgement: the broker has settled it")
        }
        let tag = batch.fields[index].deliveryTag
        // The batch holds the consumer, which holds the channel: no reference to count for the time of the call.
        let outcome: Result<Void, AMQPError> = batch.channel._withUnsafeGuaranteedRef { channel in
            do throws(AMQPError) {
                return .success(try channel.settle(tag, verdict, multiple: multiple, count: count))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// Whether settling it would work at this moment.
    var isUnsettled: Bool {
        guard batch.isTracked else { return false }
        let tag = batch.fields[index].deliveryTag
        return batch.channel._withUnsafeGuaranteedRef { $0.isUnsettled(tag) }
    }

    /// The bytes of the body, valid as long as this delivery, or a copy of it, exists.
    package var bodyBytes: UnsafeRawBufferPointer { batch.bodyBytes(at: index) }

    /// Whether its channel is gone, so that the broker delivers it again.
    package var isStale: Bool { batch.isTracked && !batch.channel._withUnsafeGuaranteedRef { $0.canSettle } }

    /// The largest frame of its connection, in bytes with overhead.
    var maximumFrameSize: Int { batch.consumer.channel.connection.frameMax }
}

extension AMQPDelivery: CustomStringConvertible {
    public var description: String {
        "delivery \(deliveryTag) of \(batch.bodySize(at: index)) bytes from exchange '\(exchange)' with routing key '\(routingKey)'"
    }
}

/// What becomes of a delivery.
enum SettleVerdict: Sendable {
    case ack
    case nack(requeue: Bool)
    case reject(requeue: Bool)
}
