import TestSupport

extension FakeStep {
    /// What a broker does with a request.
    enum Reaction: Sendable {
        case accept
        case closeChannel(UInt16, String)
        case closeConnection(UInt16, String)
        case reset
        /// Nothing comes back.
        case ignore
    }

    /// Answers declares, binds and channels until the client closes the connection, or `react` ends it. Server-named
    /// queues are called `gen-1`, `gen-2` and so on.
    static func answerTopology(
        latencyMilliseconds: Int = 0, _ react: @escaping @Sendable (WireMethod) -> Reaction = { _ in .accept }
    ) -> FakeStep {
        FakeStep("answer topology") { (connection) throws(HarnessError) in
            var generated = 0
            while let frame = try connection.nextFrame() {
                if frame.type == WireFrame.heartbeat { continue }
                let method = try WireMethod(payload: frame.payload)
                if method.id == .channelCloseOK { continue }
                if latencyMilliseconds > 0 { try connection.pause(milliseconds: latencyMilliseconds) }
                switch react(method) {
                case .accept: break
                case .ignore: continue
                case .closeChannel(let code, let text):
                    try FakeStep.sendChannelClose(frame.channel, code, text, causedBy: method.id).run(connection)
                    continue
                case .closeConnection(let code, let text):
                    try FakeStep.sendConnectionClose(code, text, causedBy: method.id).run(connection)
                    return try connection.expectClose()
                case .reset: return connection.reset()
                }
                switch method.id {
                case .connectionClose:
                    try connection.send(.method(0, .connectionCloseOK))
                    return try connection.expectClose()
                case .channelOpen: try connection.send(.method(frame.channel, .channelOpenOK) { $0.longString("") })
                case .queueDeclare:
                    var name = method["queue"]?.text ?? ""
                    if name.isEmpty {
                        generated += 1
                        name = "gen-\(generated)"
                    }
                    try connection.send(
                        .method(frame.channel, .queueDeclareOK) {
                            $0.shortString(name)
                            $0.u32(0)
                            $0.u32(0)
                        })
                case .channelClose, .exchangeDeclare, .exchangeBind, .queueBind:
                    // Their answers have no arguments, and the next number.
                    try connection.send(
                        .method(frame.channel, WireMethodID(method.id.classID, method.id.methodID + 1)))
                default: throw HarnessError(.script, "\(method.name) is no request about topology")
                }
            }
        }
    }
}
