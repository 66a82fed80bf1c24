import CSwiftAMQP
import SwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

/// Runs what waits on a thread of its own: on one of Swift's it would hold up the tasks that it waits for.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        HarnessThread.start("c-caller") { continuation.resume(returning: body()) }
    }
}

/// A handle of a client of the shared broker, shut down afterwards.
func withClient(_ body: @escaping @Sendable (Client) -> Void) async throws {
    let broker = try await Broker.shared
    let client = try AMQPClient(configuration: AMQPClientConfiguration(try AMQPConfiguration(url: broker.url)))
    let handle = Client(handle: Handle.make(ClientObject(client: client)))
    await onThread { body(handle) }
    samqp_client_test_free(handle)
    await client.shutdown(deadline: .seconds(10))
}

/// A handle that goes from one thread to another.
struct Client: @unchecked Sendable {
    let handle: OpaquePointer
}

private func samqp_client_test_free(_ client: Client) { Handle.free(client.handle, as: ClientObject.self) }

/// A name that no other test uses.
func uniqueName(_ base: String) -> String { "\(base)-\(UInt64.random(in: .min ... .max))" }

extension samqp_queue_info {
    static var sized: samqp_queue_info {
        var info = samqp_queue_info()
        info.struct_size = MemoryLayout<samqp_queue_info>.size
        return info
    }

    var text: String {
        withUnsafeBytes(of: name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
