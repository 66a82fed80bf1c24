/// The way that bytes go through a proxy.
package enum FrameDirection: String, Sendable, Hashable, CaseIterable {
    case clientToServer = "c2s"
    case serverToClient = "s2c"

    package var opposite: FrameDirection { self == .clientToServer ? .serverToClient : .clientToServer }
}
