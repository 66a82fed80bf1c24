extension AMQPDelivery {
    /// As ``ack(multiple:)``, but says whether the delivery is stale instead of throwing it: for loops that go on over lost
    /// connections. What is stale comes again.
    ///
    /// - Returns: Whether the broker is told.
    /// - Throws: `.alreadySettled`.
    @discardableResult
    public func ackUnlessStale(multiple: Bool = false) throws(AMQPError) -> Bool {
        do throws(AMQPError) {
            try ack(multiple: multiple)
            return true
        } catch {
            guard error.code == .stale else { throw error }
            return false
        }
    }

    /// Has the delivery handled, and settles it as the handler says.
    func handle(by handler: AMQPConsumer.Handler, _ counters: DeliveryCounters) async {
        var settlement = AMQPSettlement.retry
        do { settlement = try await handler(self) } catch {}
        counters.add { $0.handled &+= 1 }
        settle(settlement, counters)
    }

    private func settle(_ settlement: AMQPSettlement, _ counters: DeliveryCounters) {
        do throws(AMQPError) {
            switch settlement {
            case .ack:
                try ack()
                counters.add { $0.acked &+= 1 }
            case .reject:
                try reject(requeue: false)
                counters.add { $0.rejected &+= 1 }
            case .requeue, .retry:
                try nack(requeue: true)
                counters.add { $0.requeued &+= 1 }
            case .settledByHandler: break
            }
        } catch {
            if error.code == .stale { counters.add { $0.stale &+= 1 } }
        }
    }
}
