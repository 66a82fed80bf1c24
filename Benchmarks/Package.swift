// swift-tools-version: 6.2
import PackageDescription

// Strict C11 hides what Linux adds to it: epoll, accept4, the byte order functions.
let linux: [CSetting] = [.define("_GNU_SOURCE")]

/// As in the package that is measured.
var settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
if Context.environment["SWIFTAMQP_STRICT"] == "1" {
    settings.append(.treatAllWarnings(as: .error))
}

// The benchmark is a package of its own, so that nobody who depends on SwiftAMQP resolves or builds any of it.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        // By name: the identity of a path dependency is the name of its folder, and that may be anything.
        .package(name: "SwiftAMQP", path: "..")
    ],
    targets: [
        // The other end: a loopback server that costs next to nothing, so that the client is what is measured.
        .executableTarget(name: "amqp-sink", cSettings: linux),

        // The peers, each written as an ordinary good programmer would use that client.
        .executableTarget(name: "peer-rabbitmq-c", cSettings: linux, linkerSettings: [.linkedLibrary("rabbitmq")]),

        // The works over SwiftAMQP. Like the library without Foundation, which would add to memory and instructions.
        .executableTarget(
            name: "amqp-work", dependencies: [.product(name: "SwiftAMQP", package: "SwiftAMQP")],
            swiftSettings: settings),

        // Our side of scripts/compare-faults.
        .executableTarget(
            name: "faults-swiftamqp", dependencies: [.product(name: "SwiftAMQP", package: "SwiftAMQP")],
            path: "Faults/swiftamqp", swiftSettings: settings),

        // Runs the works, ours and those of the peers, sets them side by side, and writes the table.
        .executableTarget(name: "amqp-bench", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
