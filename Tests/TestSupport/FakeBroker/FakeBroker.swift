import Glibc

/// A broker in this process that follows a script, for what a real one does not do on demand.
///
/// It listens on a loopback port and runs one script a connection, each on a thread of its own. Every wait in a script
/// has a deadline. Take ``finished()`` at the end of a test: it throws what went wrong in a script.
package final class FakeBroker: Sendable {
    package let port: UInt16
    private let state: FakeBrokerState
    private let acceptor: Locked<HarnessThread?>

    /// Starts a broker for one connection.
    package static func start(
        _ script: [FakeStep], timeout: Duration = .seconds(5)
    ) throws(HarnessError) -> FakeBroker {
        try FakeBroker(connections: [script], timeout: timeout)
    }

    /// Starts a broker for several connections: the first to be accepted gets the first script, and so on. Scripts run
    /// at the same time. After the last has been accepted, further connections are refused.
    ///
    /// `timeout` is how long each wait of a script may take, and twice that how long a connection may be away.
    package static func start(
        connections scripts: [[FakeStep]], timeout: Duration = .seconds(5)
    ) throws(HarnessError) -> FakeBroker {
        try FakeBroker(connections: scripts, timeout: timeout)
    }

    private init(connections scripts: [[FakeStep]], timeout: Duration) throws(HarnessError) {
        let state = try FakeBrokerState(connections: scripts.count)
        let (listener, port) = try LoopbackPort.listen()
        self.state = state
        self.port = port
        do throws(HarnessError) {
            acceptor = Locked(
                try HarnessThread("fake-broker") {
                    Self.serve(listener, scripts, timeout, state)
                })
        } catch {
            close(listener)
            throw error
        }
    }

    deinit { end() }

    /// The URL to connect to.
    package func url(user: String = "guest", password: String = "guest", vhost: String = "/") -> String {
        var url = BrokerURL(host: "127.0.0.1", port: port)
        url.user = BrokerURL.percentEncoded(user)
        url.password = BrokerURL.percentEncoded(password)
        url.path = BrokerURL.percentEncoded(vhost)
        return url.description
    }

    /// Waits until every script has ended and returns what the clients sent, or throws what a script did not like.
    @discardableResult
    package func finished() async throws(HarnessError) -> FakeTranscript {
        try await offPool("fake-finished") { () throws(HarnessError) in
            self.join()
            return try self.state.result()
        }
    }

    /// Ends all scripts where they are, joins the threads and closes the sockets. Returns what was received so far.
    @discardableResult
    package func stop() async -> FakeTranscript {
        // A thread that cannot be started is no reason to leave others behind.
        if (try? await offPool("fake-stop") { () throws(HarnessError) in self.end() }) == nil { end() }
        return state.transcript
    }

    private func end() {
        state.stop.fire()
        join()
    }

    private func join() {
        // The lock is held while joining, so that everybody who asks returns after the threads are gone.
        acceptor.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private static func serve(
        _ listener: Int32, _ scripts: [[FakeStep]], _ timeout: Duration, _ state: FakeBrokerState
    ) {
        var threads: [HarnessThread] = []
        for (number, script) in scripts.enumerated() {
            let waits = [(listener, POLLIN), (state.stop.descriptor, POLLIN)]
            let ready = Poll.wait(for: waits, until: .after(timeout * 2))
            if ready.contains(state.stop.descriptor) {
                // Of two failures the first is kept, so this is one only where the test itself stopped the broker.
                state.fail(number, HarnessError(.stopped, "stopped before anybody connected"), [])
                break
            }
            let descriptor = ready.isEmpty ? -1 : accept4Cloexec(listener)
            if descriptor < 0 {
                state.fail(number, HarnessError(.timeout, "nobody connected in time"), [])
                break
            }
            state.accepted(number)?.fire()
            do throws(HarnessError) {
                threads.append(
                    try HarnessThread("fake-\(number)") {
                        let connection = FakeConnection(
                            descriptor: descriptor, number: number, timeout: timeout, broker: state)
                        run(script, connection, state)
                    })
            } catch {
                close(descriptor)
                state.fail(number, error, [])
                break
            }
        }
        close(listener)
        for thread in threads { thread.join() }
    }

    private static func run(_ script: [FakeStep], _ connection: FakeConnection, _ state: FakeBrokerState) {
        do throws(HarnessError) {
            for (index, step) in script.enumerated() {
                do throws(HarnessError) {
                    try step.run(connection)
                } catch {
                    throw HarnessError(error.kind, "step \(index + 1) of \(script.count), \(error.text)")
                }
            }
        } catch {
            state.fail(connection.number, error, connection.frames)
        }
        connection.finish()
        state.record(connection.number, connection.frames)
    }

    /// accept4 is not in the Glibc module. A child started between the two steps closes what is not its own anyway.
    private static func accept4Cloexec(_ listener: Int32) -> Int32 {
        let descriptor = accept(listener, nil, nil)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }
}
