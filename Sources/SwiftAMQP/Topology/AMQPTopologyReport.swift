/// What became of each entity of a topology that was applied.
///
/// Entities have the names that hold now: a server-named queue, and the bindings to it, are listed under the name that
/// ``renamedQueues`` says.
public struct AMQPTopologyReport: Sendable {
    /// What the broker has, as it was asked for.
    public let declared: [AMQPTopologyEntity]
    /// What it has not, and why. The rest was declared all the same.
    public let failures: [AMQPTopologyFailure]
    /// Server-named queues that the broker named anew: the name before (empty for one that had none) and the name now.
    public let renamedQueues: [String: String]

    /// Whether everything is there.
    public var isComplete: Bool { failures.isEmpty }
}

/// An entity that could not be declared.
public struct AMQPTopologyFailure: Sendable {
    public let entity: AMQPTopologyEntity
    /// Why: the broker's reply code and text (406: it exists with other properties, 405: another connection holds it
    /// exclusively, 403: no permission, 404: an end of a binding does not exist), or what was refused before it was sent.
    ///
    /// For a binding whose queue or exchange failed, ``AMQPError/underlying`` is why that one did.
    public let error: AMQPError
}

extension AMQPTopologyFailure: CustomStringConvertible {
    public var description: String { "\(entity): \(error)" }
}
