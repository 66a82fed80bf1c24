internal import AMQPTransport
internal import Glibc
internal import SwiftAMQP

/// The address that was published to last: most programs go on with the same one, and it saves making two strings.
///
/// - Invariant: `last` is guarded by `lock`, with which nothing else is called; that is why the class is `@unchecked Sendable`.
final class AddressCache: @unchecked Sendable {
    private struct Entry {
        let exchange: CText
        let routingKey: CText
        let address: AMQPAddress
    }

    private let lock = Lock()
    @exclusivity(unchecked) private var last: Entry?

    /// - Parameters:
    ///   - exchange: `NULL` is the default exchange.
    ///   - routingKey: `NULL` is the empty one.
    func address(
        exchange: UnsafePointer<CChar>?, routingKey: UnsafePointer<CChar>?
    ) throws(Failure) -> AMQPAddress {
        let exchange = exchange ?? CText.empty.pointer
        let routingKey = routingKey ?? CText.empty.pointer
        lock.lock()
        let last = last
        lock.unlock()
        if let last, strcmp(last.exchange.pointer, exchange) == 0, strcmp(last.routingKey.pointer, routingKey) == 0 {
            return last.address
        }
        return try make(exchange, routingKey)
    }

    @inline(never)
    private func make(
        _ exchange: UnsafePointer<CChar>, _ routingKey: UnsafePointer<CChar>
    ) throws(Failure) -> AMQPAddress {
        let exchangeName = try String(name: exchange, as: "exchange")
        let key = try String(name: routingKey, as: "routing_key")
        let address = AMQPAddress(exchange: exchangeName, routingKey: key)
        let entry = Entry(exchange: CText(exchangeName), routingKey: CText(key), address: address)
        lock.lock()
        let old = last
        last = entry
        lock.unlock()
        _ = consume old
        return address
    }
}
