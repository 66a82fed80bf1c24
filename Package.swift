// swift-tools-version: 6.2
import PackageDescription

/// Language features that every Swift target of the package is written in.
var settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// CI and `make` turn warnings into errors; a program that depends on this package keeps its build when a newer
// compiler learns a new warning.
if Context.environment["SWIFTAMQP_STRICT"] == "1" {
    settings.append(.treatAllWarnings(as: .error))
}

/// What is fuzzed, and the models: an ordinary test target, or with SWIFTAMQP_FUZZ=1 (scripts/fuzz) the same sources as a
/// program of libFuzzer. See docs/decisions.md.
let fuzzing: Target =
    if Context.environment["SWIFTAMQP_FUZZ"] == "1" {
        .executableTarget(
            name: "amqp-fuzz", dependencies: ["SwiftAMQP"], path: "Tests/FuzzTests",
            exclude: ["Corpus", "Regressions", "Dictionaries", "Replay"], swiftSettings: settings)
    } else {
        .testTarget(
            name: "FuzzTests", dependencies: ["SwiftAMQP"],
            exclude: ["Corpus", "Regressions", "Dictionaries", "Entry"], swiftSettings: settings)
    }

let package = Package(
    name: "SwiftAMQP",
    products: [
        .library(name: "SwiftAMQP", targets: ["SwiftAMQP"]),
        .executable(name: "samqp", targets: ["samqp"]),
        // The C ABI; scripts/build-lib links it as it is installed.
        .library(name: "swiftamqp", type: .dynamic, targets: ["SwiftAMQPFacade"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // System libraries and header shims.
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CPlatform"),

        // The library, from the bytes upwards. Imports run downwards only (scripts/lint-imports checks it).
        .target(name: "AMQPWire", dependencies: ["CRabbitMQ"], swiftSettings: settings),
        .target(name: "AMQPTransport", dependencies: ["CPlatform"], swiftSettings: settings),
        .target(name: "SwiftAMQP", dependencies: ["AMQPWire", "AMQPTransport"], swiftSettings: settings),

        // The C ABI: the header is the source of truth, the facade implements it.
        .systemLibrary(name: "CSwiftAMQP", path: "include"),
        .target(
            name: "SwiftAMQPFacade", dependencies: ["CSwiftAMQP", "SwiftAMQP", "AMQPTransport"],
            swiftSettings: settings),

        // The command line tool.
        .executableTarget(
            name: "samqp",
            dependencies: [
                "SwiftAMQP", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        // Tests and their support.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "ClientTestSupport", dependencies: ["SwiftAMQP", "TestSupport"], path: "Tests/ClientTestSupport",
            swiftSettings: settings),
        .executableTarget(
            name: "chaos",
            dependencies: [
                "ClientTestSupport", "SwiftAMQP", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Chaos", swiftSettings: settings),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], swiftSettings: settings),
        .testTarget(name: "AMQPWireTests", dependencies: ["AMQPWire", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "AMQPTransportTests", dependencies: ["AMQPTransport", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "SwiftAMQPTests", dependencies: ["SwiftAMQP", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "FacadeUnitTests", dependencies: ["CSwiftAMQP", "SwiftAMQP", "SwiftAMQPFacade", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "SAMQPTests", dependencies: ["samqp", "SwiftAMQP", "TestSupport"], swiftSettings: settings),
        fuzzing,
        .testTarget(
            name: "IntegrationTests", dependencies: ["ClientTestSupport", "SwiftAMQP", "TestSupport"],
            swiftSettings: settings),
        // Programs in C and C++ against the installed library, which the tests build by scripts/build-lib.
        .testTarget(
            name: "FacadeTests", dependencies: ["CSwiftAMQP", "SwiftAMQP", "TestSupport"],
            exclude: ["CMake", "Faults", "Programs", "tsan.supp", "valgrind.supp"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
