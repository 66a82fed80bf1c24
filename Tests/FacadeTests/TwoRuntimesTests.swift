import CSwiftAMQP
import Glibc
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
}

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
