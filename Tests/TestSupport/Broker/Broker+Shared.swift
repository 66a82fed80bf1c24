extension Broker {
    /// The broker that all tests of this process share: that of `AMQP_URL`, or else a private node that the first
    /// caller starts and that the guardian removes when the process is gone.
    ///
    /// Tests on it use names of their own, and nothing that other tests would notice.
    package static var shared: Broker {
        get async throws(HarnessError) { try await SharedBroker.instance.broker() }
    }

    /// Whether ``shared`` is a broker that this process did not start.
    package static var isExternal: Bool { environmentVariable("AMQP_URL") != nil }

    /// Whether this broker is one that this process did not start.
    package var isExternal: Bool {
        if case .external = location { true } else { false }
    }

    /// Whether private nodes can be started here.
    package static var canStartNodes: Bool { (try? BrokerInstallation.find()) != nil }

    /// Why a test that controls ``shared`` is skipped: for the comment of `.enabled(if: !Broker.isExternal, ...)`.
    package static let controlUnavailableReason =
        "AMQP_URL names a broker that is not ours to stop, pause or configure; unset it to test with a private node"

    /// Why a test that needs a node of its own is skipped: for `.enabled(if: Broker.canStartNodes, ...)`.
    package static let nodesUnavailableReason =
        "no RabbitMQ server is installed here (rabbitmq-server), so no private node can be started"
}

private actor SharedBroker {
    static let instance = SharedBroker()

    private var start: Task<Result<Broker, HarnessError>, Never>?

    /// Everybody waits for the same start, and a failure is kept: the next thousand tests fail at once, not after
    /// a boot time each.
    func broker() async throws(HarnessError) -> Broker {
        if let start { return try await start.value.get() }
        let task = Task { () async -> Result<Broker, HarnessError> in
            if let url = environmentVariable("AMQP_URL") {
                return .success(Broker(external: BrokerURL(parsing: url)))
            }
            do throws(HarnessError) {
                return .success(try await Broker.start())
            } catch {
                return .failure(error)
            }
        }
        start = task
        return try await task.value.get()
    }
}
