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
        let name = try library.function(
            "samqp_status_name", as: (@convention(c) (Int32) -> UnsafePointer<CChar>?).self)
        let message = try library.function(
            "samqp_error_message", as: (@convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?).self)
        #expect(version() == UInt32(SAMQP_VERSION_MAJOR * 1_000_000 + SAMQP_VERSION_MINOR * 1000 + SAMQP_VERSION_PATCH))
        let expected = "\(SAMQP_VERSION_MAJOR).\(SAMQP_VERSION_MINOR).\(SAMQP_VERSION_PATCH)"
        #expect(text().map { String(cString: $0) } == expected)
        #expect(name(SAMQP_OK).map { String(cString: $0) } == "SAMQP_OK")
        #expect(message(nil).map { String(cString: $0) } == "")
        // Swift's symbols of the library are not to be found in it, and those of this process are not the library's.
        #expect(throws: HarnessError.self) {
            try library.function("swift_retain", as: (@convention(c) (OpaquePointer?) -> OpaquePointer?).self)
        }
    }

    @Test("many tasks of this process call it at once")
    func tasks() async throws {
        let library = try LoadedLibrary(try await InstalledLibrary.shared.library)
        let name = try library.function(
            "samqp_status_name", as: (@convention(c) @Sendable (Int32) -> UnsafePointer<CChar>?).self)
        let names = await withTaskGroup(of: Set<String>.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var names: Set<String> = []
                    for code in Int32(-40)...0 { if let text = name(code) { names.insert(String(cString: text)) } }
                    return names
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(names.count == 8 && Set(names).count == 1 && names.first?.contains("SAMQP_ERR_TIMEOUT") == true)
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
