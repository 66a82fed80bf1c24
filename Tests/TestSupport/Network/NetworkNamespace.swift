import Glibc

/// A network of its own behind a pair of virtual interfaces, on which the kernel loses, refuses and cuts off packets.
///
/// No process lives in it: a socket belongs to the namespace of the thread that made it, so that a ``ChaosProxy`` at
/// ``ProxyPlace/namespace(_:)`` listens there and everything that a client sends to ``far`` crosses the pair. The namespace
/// is held by a descriptor of this process. It goes with ``remove()``, or with the process, and takes the interfaces,
/// their addresses and all rules along.
package final class NetworkNamespace: Sendable {
    /// The address of this side, and that of the other one. From 198.18.0.0/15, which is kept for measurements (RFC 2544).
    package let near: String
    package let far: String
    /// The interface of this side; the other one is `far`.
    private let link: String
    private let descriptor: Locked<Int32>

    /// CLONE_NEWNET of <sched.h>, which the Glibc module leaves out with the two calls that take it.
    private static let newNetwork: Int32 = 0x4000_0000
    private typealias Unshare = @convention(c) (Int32) -> Int32
    private typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
    private static let number = Locked(0)

    private init() throws(HarnessError) {
        let descriptor = try Self.onThread { () throws(HarnessError) in
            guard let unshare: Unshare = Self.function("unshare") else {
                throw HarnessError(.notInstalled, "this C library has no unshare")
            }
            try check(unshare(Self.newNetwork), "unshare")
            return try check(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open the new namespace")
        }
        self.descriptor = Locked(descriptor)
        let number = Self.number.withLock { number in
            number += 1
            return number
        }
        link = "sq\(getpid())n\(number)"
        do throws(HarnessError) {
            (near, far) = try Self.unusedAddresses()
        } catch {
            close(descriptor)
            throw error
        }
        do throws(HarnessError) {
            try inside { [self] () throws(HarnessError) in
                try Self.command("ip", "link", "add", "far", "type", "veth", "peer", link, "netns", "\(getpid())")
                try Self.command("ip", "addr", "add", "\(far)/30", "dev", "far")
                try Self.command("ip", "link", "set", "far", "up")
                try Self.command("ip", "link", "set", "lo", "up")
            }
            try Self.command("ip", "addr", "add", "\(near)/30", "dev", link)
            try Self.command("ip", "link", "set", link, "up")
        } catch {
            end()
            throw error
        }
    }

    deinit { end() }

    /// Gives `body` a namespace, which is gone afterwards however `body` ends.
    package static func withNamespace<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (NetworkNamespace) async throws -> Value
    ) async throws -> Value {
        let namespace = try await offPool("namespace") { () throws(HarnessError) in try NetworkNamespace() }
        do {
            let value = try await body(namespace)
            namespace.end()
            return value
        } catch {
            namespace.end()
            throw error
        }
    }

    /// Why there are no such namespaces here, for `.enabled(if: NetworkNamespace.obstacle == nil, ...)`.
    package static let obstacle: String? = {
        do throws(HarnessError) {
            let namespace = try NetworkNamespace()
            defer { namespace.end() }
            try namespace.setRules(.toFar, .drop)
            return nil
        } catch {
            return
                "losing packets takes iproute2, nftables and the right to make a network (\(error)); without root: "
                + "unshare -Urn sh -c 'ip link set lo up; exec swift test --disable-xctest --filter KernelRowTests'"
        }
    }()

    // MARK: Faults

    package enum Direction: String, Sendable, CaseIterable { case toFar, fromFar }

    package enum Rule: Sendable {
        case pass
        case drop
        /// Loses so many packets of a hundred, by chance.
        case lose(percent: Int)
        /// Answers everything but the beginning of a connection with a reset.
        case reset

        fileprivate var text: String {
            switch self {
            case .pass: ""
            case .drop: "counter drop"
            case .lose(let percent): "numgen random mod 100 < \(percent) counter drop"
            case .reset: "tcp flags & syn == 0 counter reject with tcp reset"
            }
        }
    }

    /// What the kernel does to packets of a direction from now on, instead of what it did.
    package func set(_ rule: Rule, _ directions: [Direction] = Direction.allCases) async throws(HarnessError) {
        try await offPool("nft") { [self] () throws(HarnessError) in
            for direction in directions { try setRules(direction, rule) }
        }
    }

    /// How many packets the present rules lost or refused.
    package func countOfVictims() async throws(HarnessError) -> Int {
        let text = try await offPool("nft") { [self] () throws(HarnessError) in
            try inside { () throws(HarnessError) in try Self.command("nft", "list", "ruleset") }
        }
        let words = text.split { $0.isWhitespace }
        return zip(words, words.dropFirst()).reduce(0) { $0 + ($1.0 == "packets" ? Int($1.1) ?? 0 : 0) }
    }

    /// Takes the interface of the other end down, as if somebody pulled the cable there, or up again. Not that of this end:
    /// without it this machine would look for ``far`` by its default route, out in the world.
    package func setLink(isUp: Bool) async throws(HarnessError) {
        try await offPool("ip") { [self] () throws(HarnessError) in
            _ = try inside { () throws(HarnessError) in
                try Self.command("ip", "link", "set", "far", isUp ? "up" : "down")
            }
        }
    }

    private func setRules(_ direction: Direction, _ rule: Rule) throws(HarnessError) {
        let hook = direction == .toFar ? "input" : "output"
        // Adding what is there changes nothing, so that it can be emptied in the same transaction.
        let script = """
            add table inet faults
            add chain inet faults \(direction.rawValue) { type filter hook \(hook) priority 0; }
            flush chain inet faults \(direction.rawValue)
            """
        let add = rule.text.isEmpty ? "" : "\nadd rule inet faults \(direction.rawValue) \(rule.text)"
        try inside { () throws(HarnessError) in try Self.command("nft", script + add) }
    }

    // MARK: Inside

    /// Runs `body` on a thread that is in the namespace: its sockets are, and so are the commands that it starts.
    @discardableResult
    func inside<Value: Sendable>(
        _ body: @escaping @Sendable () throws(HarnessError) -> Value
    ) throws(HarnessError) -> Value {
        let descriptor = descriptor.withLock { $0 }
        return try Self.onThread { () throws(HarnessError) in
            guard let setns: SetNamespace = Self.function("setns") else {
                throw HarnessError(.notInstalled, "this C library has no setns")
            }
            try check(setns(descriptor, Self.newNetwork), "setns")
            return try body()
        }
    }

    private func end() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
        // The kernel takes it away in its own time, and as long as a socket in there lives; what follows need not see it.
        _ = try? Self.command("ip", "link", "del", link)
    }

    private static func function<Function>(_ name: String) -> Function? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
    }

    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws(HarnessError) -> Value
    ) throws(HarnessError) -> Value {
        let result = Locked<Result<Value, HarnessError>?>(nil)
        let thread = try HarnessThread("namespace") {
            let outcome = Result { () throws(HarnessError) in try body() }
            result.withLock { $0 = outcome }
        }
        thread.join()
        guard let outcome = result.withLock({ $0 }) else { throw HarnessError(.stopped, "the thread gave no result") }
        return try outcome.get()
    }

    @discardableResult
    private static func command(_ words: String...) throws(HarnessError) -> String {
        let path = (environmentVariable("PATH") ?? "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
        // env looks the program up in that PATH, which may have more than ours.
        let result = try runCommand(["env"] + words, environment: ["PATH": path], deadline: .after(.seconds(10)))
        guard result.exitCode == 0 else {
            throw HarnessError(
                .commandFailed(status: result.exitCode), "\(words.joined(separator: " ")): \(result.error)")
        }
        return result.output
    }

    private static func unusedAddresses() throws(HarnessError) -> (near: String, far: String) {
        for _ in 0..<100 {
            let prefix = "198.\(Int.random(in: 18...19)).\(Int.random(in: 0...255))"
            let last = Int.random(in: 0..<64) * 4
            if try command("ip", "route", "show", "root", "\(prefix).\(last)/30").isEmpty {
                return ("\(prefix).\(last + 1)", "\(prefix).\(last + 2)")
            }
        }
        throw HarnessError(.system(errno: EADDRINUSE), "no unused network in 198.18.0.0/15")
    }
}
