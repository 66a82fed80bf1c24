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
}
