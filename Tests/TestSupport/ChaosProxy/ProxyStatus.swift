/// The connections of a proxy, by number, from 0 in the order of accepting.
package struct ProxyStatus: Sendable, Hashable, CustomStringConvertible {
    package var accepted = 0
    package var ended = 0
    package var live: [Int] = []

    package init(accepted: Int = 0, ended: Int = 0, live: [Int] = []) {
        self.accepted = accepted
        self.ended = ended
        self.live = live
    }

    package var description: String { "\(accepted) accepted, \(ended) ended, live: \(live)" }
}

/// What a proxy does with a new connection.
package enum ProxyAcceptance: Sendable, Hashable {
    case forward
    /// Accepts, reads, and says nothing. Nobody is behind it.
    case silence
}
