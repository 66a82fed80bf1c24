import SwiftAMQP
import TestSupport

/// Does faults to a broker and to the connections of a proxy before it, and writes down what it did when.
struct Nemesis: Sendable {
    let broker: Broker
    let proxy: ChaosProxy
    private let start = ContinuousClock.now
    let trace = Locked<[String]>([])
    private let killed: @Sendable () -> Void

    /// - Parameter killed: Told when the broker was killed, before it is started again.
    init(broker: Broker, proxy: ChaosProxy, killed: @escaping @Sendable () -> Void = {}) {
        self.broker = broker
        self.proxy = proxy
        self.killed = killed
    }

    func carryOut(_ plan: FaultPlan) async throws {
        for step in plan.steps { try await carryOut(step) }
        try await heal()
    }

    func carryOut(_ step: FaultPlan.Step) async throws {
        try await Task.sleep(for: step.wait)
        note(step.fault.description)
        try await carryOut(step.fault)
    }

    func heal() async throws {
        note("healed")
        try await proxy.heal()
    }

    private func carryOut(_ fault: Fault) async throws {
        switch fault {
        case .reset: await proxy.reset()
        case .resetOne:
            if let connection = proxy.status.live.last { await proxy.reset(connection: connection) }
        case .finish: await proxy.finish()
        case .resetInBody: try await once("c2s:body:1:rst-mid")
        case .resetAtConfirm: try await once("s2c:basic.ack:1:rst")
        case .blackhole(let direction):
            // Those that live now; who connects again finds the way free.
            for connection in proxy.status.live {
                await proxy.shape(direction, connection: connection) { $0.hole = .swallow }
            }
        case .closeAll: try await broker.closeAllConnections(reason: "chaos")
        case .kill:
            try await broker.kill()
            killed()
            try await broker.start()
            note("the broker is back")
        case .pause(let duration):
            try await broker.pause()
            try await Task.sleep(for: duration)
            try await broker.resume()
        }
    }

    /// Waits for the frame only so long: while the client recovers there may be none.
    private func once(_ rule: String) async throws {
        let installed = try await proxy.add(rule)
        if (try? await installed.fired(within: .seconds(2))) == nil { note("no frame for \(rule)") }
        await proxy.remove(installed)
    }

    private func note(_ text: String) {
        let time = (ContinuousClock.now - start).inMilliseconds
        trace.withLock { $0.append("\(time) ms: \(text)") }
    }
}
