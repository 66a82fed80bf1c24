internal import AMQPTransport
internal import Glibc
internal import SwiftAMQP
internal import Synchronization

/// The first addresses that were published to: a program that goes on with them needs no strings made, and no lock.
///
/// - Invariant: what is in `kept` stays there as long as this object, so that a pointer to it may be used without counting. `kept`
///   is guarded by `lock`, with which nothing else is called; that is why the class is `@unchecked Sendable`.
final class AddressCache: @unchecked Sendable {
    final class Entry: Sendable {
        fileprivate let exchange: CText
        fileprivate let routingKey: CText
        let address: AMQPAddress

        fileprivate init(exchange: String, routingKey: String) {
            self.exchange = CText(exchange)
            self.routingKey = CText(routingKey)
            address = AMQPAddress(exchange: exchange, routingKey: routingKey)
        }

        @inline(__always)
        fileprivate func isFor(_ exchange: UnsafePointer<CChar>, _ routingKey: UnsafePointer<CChar>) -> Bool {
            strcmp(self.routingKey.pointer, routingKey) == 0 && strcmp(self.exchange.pointer, exchange) == 0
        }
    }

    private let lock = Lock()
    private var kept: [Entry] = []
    /// The address of the one that was used last, or 0.
    private let last = Atomic<UInt>(0)

    /// To look through more would take longer than to make the strings.
    private static let most = 16

    /// The entry of an address, if it is the one that was used last: it lives as long as the cache.
    ///
    /// - Parameters:
    ///   - exchange: `NULL` is the default exchange.
    ///   - routingKey: `NULL` is the empty one.
    @inline(__always)
    func lastUsed(
        _ exchange: UnsafePointer<CChar>?, _ routingKey: UnsafePointer<CChar>?
    ) -> Unmanaged<Entry>? {
        guard let pointer = UnsafeRawPointer(bitPattern: last.load(ordering: .acquiring)) else { return nil }
        let entry = Unmanaged<Entry>.fromOpaque(pointer)
        let isIt = entry._withUnsafeGuaranteedRef {
            $0.isFor(exchange ?? CText.empty.pointer, routingKey ?? CText.empty.pointer)
        }
        return isIt ? entry : nil
    }

    /// The address, as of ``lastUsed(_:_:)``, and what stands for it as long as the cache lives; 0 if nothing does.
    @inline(never)
    func address(
        exchange: UnsafePointer<CChar>?, routingKey: UnsafePointer<CChar>?
    ) throws(Failure) -> (address: AMQPAddress, key: UInt) {
        let exchange = exchange ?? CText.empty.pointer
        let routingKey = routingKey ?? CText.empty.pointer
        lock.lock()
        let found = kept.first { $0.isFor(exchange, routingKey) }
        lock.unlock()
        if let found { return (found.address, use(found)) }
        let exchangeName = try String(name: exchange, as: "exchange")
        let keyName = try String(name: routingKey, as: "routing_key")
        let entry = Entry(exchange: exchangeName, routingKey: keyName)
        lock.lock()
        let isKept = kept.count < Self.most
        if isKept { kept.append(entry) }
        lock.unlock()
        return (entry.address, isKept ? use(entry) : 0)
    }

    private func use(_ entry: Entry) -> UInt {
        let key = UInt(bitPattern: Unmanaged.passUnretained(entry).toOpaque())
        last.store(key, ordering: .releasing)
        return key
    }
}
