/// One step of a fake broker's script: something to expect from the client or to do to it.
package struct FakeStep: Sendable {
    package let name: String
    let body: @Sendable (FakeConnection) throws(HarnessError) -> Void

    package init(_ name: String, _ body: @escaping @Sendable (FakeConnection) throws(HarnessError) -> Void) {
        self.name = name
        self.body = body
    }

    /// Runs the step, for steps that are made of others.
    package func run(_ connection: FakeConnection) throws(HarnessError) {
        do throws(HarnessError) {
            try body(connection)
        } catch {
            throw HarnessError(error.kind, "\(name): \(error.text)")
        }
    }

    /// Several steps as one.
    package static func steps(_ name: String, _ steps: [FakeStep]) -> FakeStep {
        FakeStep(name) { (connection) throws(HarnessError) in
            for step in steps { try step.run(connection) }
        }
    }

    /// Whatever else a script has to do.
    package static func run(_ body: @escaping @Sendable (FakeConnection) throws(HarnessError) -> Void) -> FakeStep {
        FakeStep("run", body)
    }
}

// MARK: Expecting

extension FakeStep {
    package static let expectProtocolHeader = FakeStep("expect the protocol header") { (c) throws(HarnessError) in
        try c.expectProtocolHeader()
    }

    /// The next frame that is not a heartbeat has to be this method.
    package static func expectMethod(_ id: WireMethodID, channel: UInt16? = nil) -> FakeStep {
        FakeStep("expect method") { (c) throws(HarnessError) in try c.expectMethod(id, channel: channel) }
    }

    /// The same, by numbers.
    package static func expectMethod(_ classID: UInt16, _ methodID: UInt16, channel: UInt16? = nil) -> FakeStep {
        expectMethod(WireMethodID(classID, methodID), channel: channel)
    }

    package static func expectFrame(_ type: UInt8) -> FakeStep {
        FakeStep("expect frame") { (c) throws(HarnessError) in try c.expectFrame(type) }
    }

    package static func expectBytes(_ bytes: [UInt8]) -> FakeStep {
        FakeStep("expect bytes") { (c) throws(HarnessError) in try c.expectBytes(bytes) }
    }

    /// The next frame has to be a method basic.publish, followed by all of its content.
    package static func expectPublish(channel: UInt16? = nil) -> FakeStep {
        FakeStep("expect publish") { (c) throws(HarnessError) in try c.expectPublish(channel: channel) }
    }

    /// The client has to close its side, in good order or not. Frames before that are recorded.
    package static let expectClose = FakeStep("expect close") { (c) throws(HarnessError) in try c.expectClose() }
}

// MARK: Sending

extension FakeStep {
    package static func send(_ bytes: [UInt8]) -> FakeStep {
        FakeStep("send \(bytes.count) bytes") { (c) throws(HarnessError) in try c.send(bytes) }
    }

    package static func send(_ frames: WireFrame...) -> FakeStep {
        FakeStep("send " + frames.map(\.description).joined(separator: ", ")) { (c) throws(HarnessError) in
            try c.send(frames.flatMap(\.bytes))
        }
    }

    package static func sendMethod(
        _ channel: UInt16, _ id: WireMethodID, _ arguments: (inout WireWriter) -> Void = { _ in }
    ) -> FakeStep {
        send(.method(channel, id, arguments))
    }

    /// The same, by numbers and with arguments in bytes.
    package static func sendMethod(
        _ channel: UInt16, _ classID: UInt16, _ methodID: UInt16, _ arguments: [UInt8]
    ) -> FakeStep {
        sendMethod(channel, WireMethodID(classID, methodID)) { $0.raw(arguments) }
    }

    /// In pieces of so many bytes; see ``FakeConnection/sendChopped(_:every:)``.
    package static func sendChopped(_ bytes: [UInt8], every size: Int) -> FakeStep {
        FakeStep("send chopped") { (c) throws(HarnessError) in try c.sendChopped(bytes, every: size) }
    }
}

// MARK: Ending and waiting

extension FakeStep {
    /// Ends the outgoing stream without connection.close.
    package static let closeFIN = FakeStep("close") { (c) throws(HarnessError) in c.closeFIN() }

    /// Resets the connection.
    package static let reset = FakeStep("reset") { (c) throws(HarnessError) in c.reset() }

    /// Neither reads nor writes until the test fires the signal.
    package static func hold(until signal: FakeSignal, within duration: Duration? = nil) -> FakeStep {
        FakeStep("hold") { (c) throws(HarnessError) in try c.hold(until: signal, within: duration) }
    }

    /// Reads, but answers nothing, until the test fires the signal.
    package static func silence(until signal: FakeSignal, within duration: Duration? = nil) -> FakeStep {
        FakeStep("silence") { (c) throws(HarnessError) in try c.silence(until: signal, within: duration) }
    }

    /// Tells the test that the script has come this far.
    package static func fire(_ signal: FakeSignal) -> FakeStep {
        FakeStep("fire") { (_) throws(HarnessError) in signal.fire() }
    }

    /// Waits until the connection with this number (from 0) has been accepted.
    package static func awaitConnection(_ number: Int) -> FakeStep {
        FakeStep("await connection \(number)") { (c) throws(HarnessError) in
            guard let accepted = c.broker.accepted(number) else {
                throw HarnessError(.script, "there is no script for a connection \(number)")
            }
            try c.hold(until: accepted)
        }
    }
}
