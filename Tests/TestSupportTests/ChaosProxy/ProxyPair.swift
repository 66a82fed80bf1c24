import TestSupport

/// A client and a server with a proxy between them, without a protocol.
struct ProxyPair: Sendable {
    let proxy: ChaosProxy
    let server: TestServer
    let near: TestClient
    let far: TestClient

    /// Another connection through the same proxy.
    func another() async throws -> (near: TestClient, far: TestClient) {
        (try TestClient(port: proxy.port), try await server.accept())
    }

    /// Waits until the proxy has seen so many frames. Nothing tells of a frame that goes nowhere, so look again.
    func journal(has frames: Int) async throws {
        let deadline = Deadline.after(.seconds(5))
        while proxy.journal.records.count(where: { $0.event != .opened && $0.event != .closed }) < frames {
            if deadline.hasPassed { throw HarnessError(.timeout, "not \(frames) frames in time: \(proxy.journal)") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

func withProxyPair(
    seed: UInt64 = 1, rules: [String] = [], _ body: (ProxyPair) async throws -> Void
) async throws {
    let server = try TestServer()
    try await ChaosProxy.withProxy(target: server.port, seed: seed) { proxy in
        for rule in rules { try await proxy.add(rule) }
        let near = try TestClient(port: proxy.port)
        let far = try await server.accept()
        try await body(ProxyPair(proxy: proxy, server: server, near: near, far: far))
    }
}

/// Frames to tell apart.
enum Sample {
    static let qosOK = WireFrame.method(1, .basicQosOK).bytes
    static let unblocked = WireFrame.method(0, .connectionUnblocked).bytes

    static func ack(_ tag: UInt64, multiple: Bool = false) -> [UInt8] {
        WireFrame.method(1, .basicAck) {
            $0.u64(tag)
            $0.bits(multiple)
        }.bytes
    }
}
