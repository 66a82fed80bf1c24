import AMQPTransport
import Glibc
import TestSupport
import Testing

/// One at a time: they count the helper threads of the process.
@Suite(.serialized) struct ResolverTests {
    private typealias Answer = Result<[SocketAddress], ResolveError>

    @Test(arguments: ["127.0.0.1", "[::1]", "::1"]) func literalsAnswerAtOnce(host: String) {
        let resolver = Resolver(maximumThreads: 4) { _ in
            Issue.record("a literal is not looked up")
            return .failure(.noAddress)
        }
        let answer = Box<Answer?>(nil)
        let request = resolver.resolve(host: host, port: 5672) { answer.set($0) }
        let expected: Answer = .success([SocketAddress(literal: host, port: 5672)].compactMap { $0 })
        #expect(answer.get() == expected)
        request.cancel()
        #expect(answer.get() == expected, "too late")
    }

    @Test func localhost() async throws {
        let addresses = try await resolve(Resolver.shared, "localhost").get()
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { ["127.0.0.1", "::1"].contains($0.host) && $0.port == 5672 })
        await helpersHaveEnded()
    }

    @Test(arguments: ["", "localhost\0.example.com", String(repeating: "x", count: 2000)])
    func namesThatAreNone(host: String) async {
        #expect(await resolve(Resolver.shared, host) == .failure(.invalidName))
    }

    @Test func anUnknownName() async {
        let answer = await resolve(Resolver.shared, "does-not-exist.invalid")
        guard case .failure(.lookupFailed(let code, let text)) = answer else {
            Issue.record("\(answer)")
            return
        }
        // Without a name server it is "try again".
        #expect([EAI_NONAME, EAI_AGAIN].contains(code))
        #expect(!text.isEmpty)
        await helpersHaveEnded()
    }

    @Test func aHundredAtATimeTakeFourThreadsAndGiveThemBack() async {
        let most = Box((now: 0, most: 0))
        let lookups = Lookups { _ in
            most.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            defer { most.withLock { $0.now -= 1 } }
            return .success([SocketAddress(literal: "10.0.0.1", port: 0)].compactMap { $0 })
        }
        let resolver = Resolver(maximumThreads: 4, lookup: lookups.run)
        let answers = await withTaskGroup(of: Answer.self) { group in
            for index in 0..<100 { group.addTask { await self.resolve(resolver, "host-\(index)") } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 100)
        #expect(answers.allSatisfy { (try? $0.get().map(\.description)) == ["10.0.0.1:5672"] })
        #expect(lookups.hosts.count == 100)
        #expect(most.withLock { $0.most } <= 4)
        await helpersHaveEnded()
    }

    @Test func aHundredForOneHostShareALookup() async {
        let gate = Gate()
        let lookups = Lookups { _ in
            gate.wait()
            return .success([SocketAddress(literal: "::1", port: 0)].compactMap { $0 })
        }
        let resolver = Resolver(maximumThreads: 4, lookup: lookups.run)
        let answers = Box<[Answer]>([])
        await withCheckedContinuation { continuation in
            for port in 1...100 {
                resolver.resolve(host: "host", port: UInt16(port)) { answer in
                    let count = answers.withLock {
                        $0.append(answer)
                        return $0.count
                    }
                    if count == 100 { continuation.resume() }
                }
            }
            gate.open()
        }
        #expect(lookups.hosts == ["host"])
        let ports = answers.withLock { $0.compactMap { try? $0.get().first?.port } }
        #expect(Set(ports) == Set(1...100))
        await helpersHaveEnded()
    }

    @Test func threeThatHangDoNotStopAFourth() async {
        let gate = Gate()
        let lookups = Lookups { host in
            if host.hasPrefix("hang") { gate.wait() }
            return .failure(.noAddress)
        }
        let resolver = Resolver(maximumThreads: 4, lookup: lookups.run)
        let hanging = (1...3).map { _ in Box<Answer?>(nil) }
        for (index, box) in hanging.enumerated() { resolver.resolve(host: "hang-\(index)", port: 1) { box.set($0) } }
        for index in 0..<10 {
            #expect(await resolve(resolver, "quick-\(index)") == .failure(.noAddress))
        }
        #expect(hanging.allSatisfy { $0.get() == nil })
        gate.open()
        // For the answers first: a thread that was started and has not run yet has no name to be counted by.
        while hanging.contains(where: { $0.get() == nil }) { await Task.yield() }
        await helpersHaveEnded()
        #expect(hanging.allSatisfy { $0.get() == .failure(.noAddress) })
    }

    @Test func cancelAnswersOnceAndForgetsWhatWaits() async {
        let gate = Gate()
        let lookups = Lookups { _ in
            gate.wait()
            return .failure(.noAddress)
        }
        let resolver = Resolver(maximumThreads: 1, lookup: lookups.run)
        let answers = Box<[String: [Answer]]>([:])
        @Sendable func note(_ name: String, _ answer: Answer) {
            answers.withLock { $0[name, default: []].append(answer) }
        }
        let running = resolver.resolve(host: "running", port: 1) { note("running", $0) }
        while lookups.hosts.isEmpty { await Task.yield() }
        let queued = resolver.resolve(host: "queued", port: 1) { note("queued", $0) }
        // It stays, with the lookup that the one before it started.
        resolver.resolve(host: "running", port: 2) { note("joined", $0) }
        for request in [running, running, queued, queued] { request.cancel() }
        #expect(
            answers.withLock { $0 } == ["running": [.failure(.cancelled)], "queued": [.failure(.cancelled)]])
        gate.open()
        await helpersHaveEnded()
        #expect(
            answers.withLock { $0 } == [
                "running": [.failure(.cancelled)], "queued": [.failure(.cancelled)], "joined": [.failure(.noAddress)],
            ])
        #expect(lookups.hosts == ["running"])
    }

    @Test func aLookupThatNobodyWantsAnyMoreIsJoined() async {
        let gate = Gate()
        let lookups = Lookups { _ in
            gate.wait()
            return .failure(.noAddress)
        }
        let resolver = Resolver(maximumThreads: 4, lookup: lookups.run)
        let first = Box<Answer?>(nil)
        let request = resolver.resolve(host: "host", port: 1) { first.set($0) }
        while lookups.hosts.isEmpty { await Task.yield() }
        request.cancel()
        #expect(first.get() == .failure(.cancelled))
        let second = Box<Answer?>(nil)
        resolver.resolve(host: "host", port: 1) { second.set($0) }
        gate.open()
        await helpersHaveEnded()
        #expect(second.get() == .failure(.noAddress))
        #expect(lookups.hosts == ["host"])
    }

    @Test func aCompletionMayAskAgain() async {
        let resolver = Resolver(maximumThreads: 1) { _ in .failure(.noAddress) }
        let answer = await withCheckedContinuation { continuation in
            resolver.resolve(host: "a", port: 1) { _ in
                resolver.resolve(host: "a", port: 1) { continuation.resume(returning: $0) }
            }
        }
        #expect(answer == .failure(.noAddress))
        await helpersHaveEnded()
    }

    private func resolve(_ resolver: Resolver, _ host: String) async -> Answer {
        await withCheckedContinuation { continuation in
            resolver.resolve(host: host, port: 5672) { continuation.resume(returning: $0) }
        }
    }

    /// A helper ends by itself after its last answer; nothing tells when, so this looks until it is so.
    private func helpersHaveEnded() async {
        while (try? ProcessCounts.threadNames("samqp-dns")) != [] { await Task.yield() }
    }
}
