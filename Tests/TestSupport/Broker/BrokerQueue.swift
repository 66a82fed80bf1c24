/// What the broker says about a queue.
package struct BrokerQueue: Sendable, Hashable {
    package var name: String
    package var messages: Int
    package var ready: Int
    package var unacknowledged: Int
    package var consumers: Int

    package init(name: String, messages: Int = 0, ready: Int = 0, unacknowledged: Int = 0, consumers: Int = 0) {
        self.name = name
        self.messages = messages
        self.ready = ready
        self.unacknowledged = unacknowledged
        self.consumers = consumers
    }
}
