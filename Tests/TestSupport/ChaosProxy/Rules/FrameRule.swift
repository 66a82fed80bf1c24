/// At which frame to do what: `s2c:60.80:1:rst` resets as the first ack of the broker passes.
package struct FrameRule: Sendable, Hashable {
    /// Which frames are counted together.
    package enum Scope: String, Sendable, Hashable {
        /// Those of all connections of the proxy.
        case proxy
        /// Those of one connection; the rule fires on the first that comes so far.
        case connection = "conn"
        /// Those of one connection; the rule fires on each that comes so far.
        case each
    }

    package var direction: FrameDirection
    /// `nil` is any frame.
    package var kind: FrameKind?
    /// The number of the frame among those that match, from 1.
    package var nth: Int
    /// Fires at every later frame, too.
    package var repeats: Bool
    package var scope: Scope
    package var action: FrameAction

    package init(
        _ direction: FrameDirection, _ kind: FrameKind?, nth: Int = 1, repeats: Bool = false, scope: Scope = .proxy,
        _ action: FrameAction
    ) {
        self.direction = direction
        self.kind = kind
        self.nth = nth
        self.repeats = repeats
        self.scope = scope
        self.action = action
    }
}

extension FrameRule: LosslessStringConvertible {
    /// `DIRECTION:FRAME:N[+][/SCOPE]:ACTION`
    ///
    /// - DIRECTION: `c2s`, `s2c`.
    /// - FRAME: a method (`60.80`, or `basic.ack` when reading), `header`, `body`, `heartbeat`, `protocol`, or `*`.
    /// - N: which of them; `N+` also fires at every one after it; `/conn` and `/each` count per connection.
    /// - ACTION: as ``FrameAction`` writes it.
    package var description: String {
        let place = "\(nth)\(repeats ? "+" : "")\(scope == .proxy ? "" : "/\(scope.rawValue)")"
        return "\(direction.rawValue):\(kind.map(\.description) ?? "*"):\(place):\(action)"
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, let direction = FrameDirection(rawValue: String(parts[0])),
            let action = FrameAction(parts[3])
        else { return nil }
        let kind = FrameKind(parts[1])
        if kind == nil && parts[1] != "*" { return nil }
        let place = parts[2].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var number = place[0]
        let repeats = number.hasSuffix("+")
        if repeats { number = number.dropLast() }
        guard let nth = Int(number), nth > 0 else { return nil }
        var scope = Scope.proxy
        if place.count == 2 {
            guard let named = Scope(rawValue: String(place[1])), named != .proxy else { return nil }
            scope = named
        }
        self.init(direction, kind, nth: nth, repeats: repeats, scope: scope, action)
    }
}
