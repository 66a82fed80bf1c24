import CSwiftAMQP
import Glibc
import SwiftAMQP
import TestSupport
import Testing

/// This process has the Swift runtime of the toolchain; the installed library brings one of its own. Each has to keep to
/// its own types, tasks and threads.
@Suite("Two Swift runtimes in one process", .serialized, .timeLimit(.minutes(20)))
struct TwoRuntimesTests {
    @Test("functions of the library work beside the runtime of this process")
    func functions() async throws {
        let library = try LoadedLibrary(try await InstalledLibrary.shared.library)
        let version = try library.function("samqp_version", as: (@convention(c) () -> UInt32).self)
        let text = try library.function(
            "samqp_version_string", as: (@convention(c) () -> UnsafePointer<CChar>?).self)
        let message = try library.function(
            "samqp_error_message", as: (@convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?).self)
        #expect(version() == UInt32(SAMQP_VERSION_MAJOR * 1_000_000 + SAMQP_VERSION_MINOR * 1000 + SAMQP_VERSION_PATCH))
        let expected = "\(SAMQP_VERSION_MAJOR).\(SAMQP_VERSION_MINOR).\(SAMQP_VERSION_PATCH)"
        #expect(text().map { String(cString: $0) } == expected)
        #expect(message(nil).map { String(cString: $0) } == "")
        // Swift's symbols of the library are not to be found in it, and those of this process are not the library's.
        #expect(throws: HarnessError.self) {
            try library.function("swift_retain", as: (@convention(c) (OpaquePointer?) -> OpaquePointer?).self)
        }
    }

    @Test("many tasks of this process call it at once")
    func tasks() async throws {
        let library = try LoadedLibrary(try await InstalledLibrary.shared.library)
        let text = try library.function(
            "samqp_version_string", as: (@convention(c) @Sendable () -> UnsafePointer<CChar>?).self)
        // The text is made by the first call: a global of Swift, which only one of the tasks may initialise.
        let addresses = await withTaskGroup(of: Set<UInt>.self) { group in
            for _ in 0..<8 { group.addTask { Set((0..<1000).map { _ in UInt(bitPattern: text()) }) } }
            return await group.reduce(into: Set()) { $0.formUnion($1) }
        }
        #expect(addresses.count == 1 && !addresses.contains(0))
    }

    /// Tasks, actors and threads of both runtimes at the same time: a client of each in one process.
    @Test(
        "a client of the library works beside a client of this process",
        .enabled(
            if: dlsym(nil, "__tsan_init") == nil, "the thread sanitizer does not see how the library's runtime orders"))
    func clients() async throws {
        let library = try LoadedLibrary(try await InstalledLibrary.shared.library)
        let open = try library.function("samqp_client_open", as: ClientOpen.self)
        let close = try library.function(
            "samqp_client_close",
            as: (@convention(c) @Sendable (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32).self)
        let state = try library.function(
            "samqp_client_state", as: (@convention(c) @Sendable (OpaquePointer?) -> Int32).self)
        let free = try library.function(
            "samqp_client_free", as: (@convention(c) @Sendable (OpaquePointer?) -> Void).self)
        let newOptions = try library.function(
            "samqp_options_new", as: (@convention(c) @Sendable () -> OpaquePointer?).self)
        let addEndpoint = try library.function(
            "samqp_options_add_endpoint",
            as: (@convention(c) @Sendable (OpaquePointer?, UnsafePointer<CChar>, UnsafeMutableRawPointer?) -> Int32)
                .self)
        let freeOptions = try library.function(
            "samqp_options_free", as: (@convention(c) @Sendable (OpaquePointer?) -> Void).self)

        let url = try await Broker.shared.url
        let ours = try AMQPClient(configuration: AMQPClientConfiguration(try AMQPConfiguration(url: url)))
        try await ours.connect()
        for _ in 0..<3 {
            let (opened, connected, closed) = try await offPool("client") { () throws(HarnessError) in
                let options = newOptions()
                defer { freeOptions(options) }
                guard addEndpoint(options, url, nil) == SAMQP_OK else {
                    throw HarnessError(.malformed, "the endpoint was refused")
                }
                var client: OpaquePointer?
                let opened = open(&client, options, nil, nil, 60_000, nil)
                defer { free(client) }
                return (opened, state(client), close(client, nil))
            }
            #expect(opened == SAMQP_OK && connected == SAMQP_STATE_OPEN && closed == SAMQP_OK)
            let queue = try await ours.declare(.serverNamed())
            try await ours.publish(AMQPMessage("beside"), to: .queue(queue.name))
        }
        let report = await ours.shutdown(deadline: .seconds(30))
        #expect(!report.isTimedOut)
    }
}

private typealias ClientOpen =
    @convention(c) @Sendable (
        UnsafeMutablePointer<OpaquePointer?>?, OpaquePointer?, OpaquePointer?, UnsafeMutableRawPointer?, Int64,
        UnsafeMutableRawPointer?
    ) -> Int32

/// A shared library that was loaded by its path, with symbols of its own.
private struct LoadedLibrary: @unchecked Sendable {
    /// Only given to dlsym, which any thread may call; never closed, as the library is never unloaded.
    private let handle: UnsafeMutableRawPointer

    init(_ path: String) throws(HarnessError) {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw HarnessError(.malformed, dlerror().map { String(cString: $0) } ?? path)
        }
        self.handle = handle
    }

    /// A function of the library itself, and not of the libraries that it needs.
    func function<Function>(_ name: String, as type: Function.Type) throws(HarnessError) -> Function {
        guard let symbol = dlsym(handle, name) else {
            throw HarnessError(.malformed, "\(name) is not exported")
        }
        return unsafeBitCast(symbol, to: type)
    }
}
