// swift-tools-version: 6.2
import PackageDescription

// Strict C11 hides what Linux adds to it: epoll, accept4, the byte order functions.
let linux: [CSetting] = [.define("_GNU_SOURCE")]

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

        // Place of the Swift side, which runs the works over SwiftAMQP and starts sink and peers:
        // .executableTarget(
        //     name: "amqp-bench", dependencies: [.product(name: "SwiftAMQP", package: "SwiftAMQP")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
