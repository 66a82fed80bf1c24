/// A text that is never shown: whatever describes, dumps or mirrors a value that holds one sees asterisks.
package struct AMQPSecret: Sendable, Hashable {
    /// What stands in place of a secret. These characters need no escape in a URI.
    static let mask = "***"

    /// The secret itself. Write it to the broker and nowhere else.
    package let value: String

    package init(_ value: String) { self.value = value }
}

extension AMQPSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Self.mask }
    package var debugDescription: String { Self.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
