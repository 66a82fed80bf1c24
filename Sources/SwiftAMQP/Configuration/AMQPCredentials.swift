/// Who the client is, and how it proves it.
///
/// The password leaves this value towards the broker only: descriptions, dumps and mirrors do not show it.
public struct AMQPCredentials: Sendable, Hashable {
    /// The user's name.
    public let username: String
    private let secret: AMQPSecret

    /// The password, for the SASL response and for nothing else.
    package var password: String { secret.value }

    /// A name and a password for the SASL mechanism `PLAIN` (RFC 4616).
    ///
    /// - Parameters:
    ///   - username: The user's name. It must not hold a NUL byte: `PLAIN` separates its fields by NUL.
    ///   - password: The password, or a token (for example a JWT). It must not hold a NUL byte.
    public static func plain(username: String, password: String) -> AMQPCredentials {
        AMQPCredentials(username: username, secret: AMQPSecret(password))
    }
}

extension AMQPCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The user's name, and asterisks for the password.
    public var description: String { "plain(username: \(username.debugDescription), password: \(AMQPSecret.mask))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror {
        Mirror(self, children: ["username": username, "password": AMQPSecret.mask], displayStyle: .struct)
    }
}
