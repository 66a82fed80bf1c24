import Glibc
import Testing

@testable import AMQPTransport

@Suite struct DialerTests {
    private static func resolver(_ literals: String...) -> Resolver {
        let addresses = literals.compactMap { SocketAddress(literal: $0, port: 0) }
        return Resolver(maximumThreads: 1) { _ in .success(addresses) }
    }

    @Test func connects() throws {
        let listener = try OneListener(literal: "127.0.0.1")
        let dial = Dial()
        dial.start(host: "127.0.0.1", port: listener.port)
        let connected = try #require(dial.connected())
        #expect(connected.address.description == "127.0.0.1:\(listener.port)")
        #expect(Socket.peerAddress(connected.descriptor) == connected.address)
        #expect(read(connected.descriptor).result == .wouldBlock)
        Socket.close(connected.descriptor)
    }

    @Test func aClosedPortIsRefused() throws {
        // Held, not listening: nobody else can listen there meanwhile.
        let held = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Socket.close(held) }
        let any = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        try #require(any.withSockAddr { bind(held, $0, $1) } == 0)
        let dial = Dial()
        dial.start(host: "127.0.0.1", port: try #require(Socket.localAddress(held)).port)
        let failure = try #require(dial.failure())
        #expect(failure.reason == .allFailed)
        #expect(failure.attempts.map(\.outcome) == [.failed(SystemError(errno: ECONNREFUSED, call: "connect"))])
    }

    @Test func theSecondAddressIsTakenWhenTheFirstRefuses() throws {
        let listener = try OneListener(literal: "127.0.0.1")
        let dial = Dial(resolver: Self.resolver("127.0.0.2", "127.0.0.1"))
        dial.start(host: "two", port: listener.port)
        let connected = try #require(dial.connected())
        #expect(connected.address.host == "127.0.0.1")
        Socket.close(connected.descriptor)
    }

    @Test func theSecondAddressIsTakenWhenTheFirstDoesNotAnswer() throws {
        let silent = try OneListener(literal: "127.0.0.3", backlog: 0)
        guard try silent.fillUp() else {
            try Test.cancel("this kernel answers connects though the queue of the listener is full")
        }
        let listener = try OneListener(literal: "127.0.0.1", port: silent.port)
        let dial = Dial(resolver: Self.resolver("127.0.0.3", "127.0.0.1"))
        dial.start(host: "two", port: listener.port)
        let connected = try #require(dial.connected())
        #expect(connected.address.host == "127.0.0.1")
        Socket.close(connected.descriptor)
    }

    @Test func theDeadlineEndsWhatIsNotAnswered() throws {
        let silent = try OneListener(literal: "127.0.0.3", backlog: 0)
        guard try silent.fillUp() else {
            try Test.cancel("this kernel answers connects though the queue of the listener is full")
        }
        let dial = Dial()
        dial.start(host: "127.0.0.3", port: silent.port, within: .milliseconds(50))
        let failure = try #require(dial.failure())
        #expect(failure.reason == .deadline)
        #expect(failure.attempts.map(\.outcome) == [.unanswered])
        dial.loop.turn()
        #expect(dial.completions == 1)
    }

    @Test func theDeadlineCoversTheLookup() throws {
        let gate = Gate()
        let dial = Dial(
            resolver: Resolver(maximumThreads: 1) { _ in
                gate.wait()
                return .failure(.noAddress)
            })
        dial.start(host: "slow", port: 1, within: .milliseconds(20))
        let failure = try #require(dial.failure())
        #expect(failure == DialFailure(reason: .deadline, attempts: []))
        gate.open()
        dial.loop.turn()
        #expect(dial.completions == 1)
    }

    @Test func aHostWithoutAddressFails() throws {
        let dial = Dial(resolver: Resolver(maximumThreads: 1) { _ in .failure(.noAddress) })
        dial.start(host: "none", port: 1)
        #expect(dial.failure() == DialFailure(reason: .unresolved(.noAddress), attempts: []))
    }

    @Test func cancelEndsADialOnce() throws {
        let gate = Gate()
        let dial = Dial(
            resolver: Resolver(maximumThreads: 1) { _ in
                gate.wait()
                return .success([])
            })
        dial.start(host: "slow", port: 1)
        dial.dialer.cancel()
        #expect(dial.failure()?.reason == .cancelled)
        gate.open()
        dial.dialer.cancel()
        dial.loop.turn()
        #expect(dial.completions == 1)
    }

    @Test func cancelAfterTheEndDoesNothing() throws {
        let listener = try OneListener(literal: "127.0.0.1")
        let dial = Dial()
        dial.start(host: "127.0.0.1", port: listener.port)
        let connected = try #require(dial.connected())
        dial.dialer.cancel()
        dial.loop.turn()
        #expect(dial.completions == 1)
        #expect(Descriptors.isOpen(connected.descriptor))
        Socket.close(connected.descriptor)
    }

    /// A task that is cancelled before it begins may get there first.
    @Test func cancelBeforeTheStartIsAnAnswerToo() throws {
        let dial = Dial()
        dial.dialer.cancel()
        dial.start(host: "127.0.0.1", port: 1)
        #expect(dial.failure()?.reason == .cancelled)
    }

    /// In a process of its own, where nobody else opens and closes descriptors.
    @Test func noDescriptorIsLeftWhateverTheEnd() async {
        await #expect(processExitsWith: .success) {
            let listener = try OneListener(literal: "127.0.0.1", backlog: 128)
            let silent = try OneListener(literal: "127.0.0.3", port: listener.port, backlog: 0)
            _ = try silent.fillUp()
            // The loops and the resolver's threads stay as they are from here on.
            let dials = (0..<60).map { _ in
                Dial(
                    resolver: Resolver(maximumThreads: 1) { host in
                        .success(
                            host.split(separator: ",").compactMap { SocketAddress(literal: String($0), port: 0) })
                    })
            }
            for dial in dials { dial.loop.turn(1) }
            let before = Descriptors.sockets()
            for (index, dial) in dials.enumerated() {
                switch index % 5 {
                case 0: dial.start(host: "127.0.0.1", port: listener.port)
                case 1: dial.start(host: "127.0.0.2,127.0.0.4", port: listener.port)
                case 2: dial.start(host: "127.0.0.3,127.0.0.3", port: listener.port, within: .milliseconds(5))
                case 3: dial.start(host: "127.0.0.3,127.0.0.1", port: listener.port)
                default:
                    dial.start(host: "127.0.0.3,127.0.0.4,127.0.0.2", port: listener.port)
                    dial.dialer.cancel()
                }
            }
            for dial in dials {
                if let connected = dial.connected() { Socket.close(connected.descriptor) }
            }
            for dial in dials { dial.loop.turn(1) }
            #expect(Descriptors.sockets() == before)
            #expect(dials.allSatisfy { $0.completions == 1 })
        }
    }
}
