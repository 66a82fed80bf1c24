import TestSupport
import Testing

@Suite("What make install installs", .serialized, .timeLimit(.minutes(20)))
struct InstallTests {
    @Test("a CMake project finds it, by version too, and its programs run")
    func cmake() async throws {
        let installed = try await InstalledLibrary.shared
        let folder = "\(Checkout.output)/cmake"
        let version = try await installed.flags("--modversion").joined()
        try await configure(folder, version: version)
        try await runOrThrow(
            ["cmake", "--build", folder], environment: InstalledLibrary.environment(), within: .seconds(120))
        for program in ["version-c", "version-cpp"] {
            let output = try await runOrThrow(
                ["\(folder)/\(program)"], environment: InstalledLibrary.environment(), within: .seconds(60))
            #expect(output == "ok\n")
        }
    }

    @Test("CMake refuses a version that it is not compatible with", arguments: ["99.0.0", "0.999"])
    func cmakeVersion(wanted: String) async throws {
        _ = try await InstalledLibrary.shared
        await #expect(throws: HarnessError.self) {
            try await configure("\(Checkout.output)/cmake-\(wanted)", version: wanted)
        }
    }

    private func configure(_ folder: String, version: String) async throws(HarnessError) {
        let prefix = try await InstalledLibrary.shared.prefix
        try await runOrThrow(
            [
                "cmake", "-S", Checkout.cmakeProject, "-B", folder, "-DCMAKE_PREFIX_PATH=\(prefix)",
                "-DWANTED_VERSION=\(version)",
            ], environment: InstalledLibrary.environment(), within: .seconds(120))
    }

    @Test("a staged tree has its files below DESTDIR, speaks of the prefix alone, and goes without a trace")
    func staged() async throws {
        let version = try await InstalledLibrary.shared.flags("--modversion").joined()
        let stage = "\(Checkout.output)/stage"
        try await make("install", stage: stage)
        let found = try await files(of: stage)
        for expected in [
            "include/swiftamqp.h", "include/swiftamqp.hpp", "lib/libswiftamqp.so", "lib/libswiftamqp.so.0",
            "lib/libswiftamqp.so.\(version)",
            "lib/libswiftamqp.a",
            "lib/pkgconfig/swiftamqp.pc", "lib/cmake/SwiftAMQP/SwiftAMQPConfig.cmake",
            "lib/cmake/SwiftAMQP/SwiftAMQPConfigVersion.cmake", "share/man/man3/swiftamqp.3",
        ] {
            #expect(found.contains("\(stage)/usr/\(expected)"))
        }
        let pkgConfig = try readTextFile("\(stage)/usr/lib/pkgconfig/swiftamqp.pc")
        #expect(pkgConfig.hasPrefix("prefix=/usr\n"))
        for file in found where file.hasSuffix(".pc") || file.hasSuffix(".cmake") {
            let text = try readTextFile(file)
            #expect(!text.contains(stage) && !text.contains("@"), "\(file)")
        }
        try await make("uninstall", stage: stage)
        let left = try await files(of: stage)
        #expect(left.isEmpty)
    }

    private func make(_ target: String, stage: String) async throws {
        try await runOrThrow(
            ["make", "--no-print-directory", "-C", Checkout.root, target, "PREFIX=/usr", "DESTDIR=\(stage)"],
            environment: InstalledLibrary.environment(["HOME": environmentVariable("HOME") ?? "/"]),
            within: .seconds(120))
    }

    private func files(of folder: String) async throws -> Set<String> {
        let text = try await runOrThrow(
            ["find", folder, "!", "-type", "d"], environment: InstalledLibrary.environment(), within: .seconds(20))
        return Set(text.split(separator: "\n").map(String.init))
    }
}
