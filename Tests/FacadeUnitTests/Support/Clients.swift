import CSwiftAMQP
import SwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

/// A handle of a client of the shared broker, shut down afterwards.
func withClient(_ body: @escaping @Sendable (Client) -> Void) async throws {
    let broker = try await Broker.shared
    let client = try AMQPClient(configuration: AMQPClientConfiguration(try AMQPConfiguration(url: broker.url)))
    let handle = Client(handle: Handle.make(ClientObject(client: client)))
    // What waits on one of Swift's threads would hold up the tasks that it waits for.
    try await offPool("c-caller") { body(handle) }
    Handle.free(handle.handle, as: ClientObject.self)
    await client.shutdown(deadline: .seconds(10))
}

/// A handle that goes from one thread to another.
struct Client: @unchecked Sendable {
    let handle: OpaquePointer
}

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
