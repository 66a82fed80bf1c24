import Glibc

/// Everything that a proxy's thread owns, and what it does. Created, used and destroyed on that thread.
final class ProxyCore {
    let port: UInt16
    let seed: UInt64
    let traffic: ProxyTraffic
    let mailbox: ProxyMailbox

    var target: UInt16
    var acceptance = ProxyAcceptance.forward
    var shapes: [FrameDirection: StreamShape] = [:]
    var connections: [ProxyConnection] = []
    var isStopping = false

    private let status: Locked<ProxyStatus>
    private let place: ProxyPlace
    private var listener: Int32
    private var isListening = true
    private var rules: [Int: InstalledRule] = [:]
    private var waiters: [ProxyWaiter] = []
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    init(
        listener: Int32, place: ProxyPlace, port: UInt16, target: UInt16, seed: UInt64, journal: FrameJournal,
        mailbox: ProxyMailbox, status: Locked<ProxyStatus>
    ) {
        self.place = place
        self.listener = listener
        self.port = port
        self.target = target
        self.seed = seed
        self.mailbox = mailbox
        self.status = status
        traffic = ProxyTraffic(journal: journal)
        ProxySocket.makeNonBlocking(listener)
    }

    // MARK: The loop

    func run() {
        while true {
            for command in mailbox.take() { command(self) }
            if isStopping { break }
            let wake = turn()
            wait(until: wake)
        }
        for connection in connections { connection.reset() }
        reapEnded()
        close(listener)
        for command in mailbox.shut() { command(nil) }
        for waiter in waiters { waiter.stopped() }
        waiters = []
    }

    /// Writes what is due and tells what has happened. Returns when to be back without an event.
    private func turn() -> UInt64? {
        let now = MonotonicClock.now()
        var wake: UInt64?
        func wakeBy(_ time: UInt64?) {
            if let time { wake = min(wake ?? time, time) }
        }
        for connection in connections {
            for direction in FrameDirection.allCases { wakeBy(connection.flush(direction, now: now)) }
            wakeBy(connection.settle(now: now))
        }
        reapEnded()
        // After the flush: who is told that a rule has fired finds it carried out.
        for id in traffic.fired { rules[id]?.fire() }
        traffic.fired = []
        let current = status.withLock { $0 }
        waiters.removeAll { $0.resumes(current) }
        for waiter in waiters { wakeBy(now + UInt64(waiter.deadline.milliseconds) * 1_000_000) }
        return wake
    }

    private func wait(until wake: UInt64?) {
        var polls = [pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)]
        if isListening { polls.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
        let first = polls.count
        for connection in connections {
            let interest = connection.interest
            // A descriptor that nothing is wanted from is left out by -1: its hang-up would be told without end.
            let client = interest.client == 0 ? -1 : connection.client
            let server = interest.server == 0 ? -1 : connection.server
            polls.append(pollfd(fd: client, events: Int16(interest.client), revents: 0))
            polls.append(pollfd(fd: server, events: Int16(interest.server), revents: 0))
        }
        var timeout: Int32 = -1
        if let wake {
            let now = MonotonicClock.now()
            timeout = wake <= now ? 0 : Int32(clamping: (wake - now - 1) / 1_000_000 + 1)
        }
        guard poll(&polls, nfds_t(polls.count), timeout) > 0 else { return }

        let now = MonotonicClock.now()
        for (index, connection) in connections.enumerated() {
            handle(connection, polls[first + 2 * index].revents, polls[first + 2 * index + 1].revents, now: now)
        }
        // After the others, whose places in the list it would change.
        if isListening && polls[1].revents != 0 { accept() }
    }

    private func handle(_ connection: ProxyConnection, _ client: Int16, _ server: Int16, now: UInt64) {
        if connection.isConnecting {
            if server != 0 { connection.connected() }
        } else if server != 0 {
            read(connection, .serverToClient, now: now)
        }
        if client != 0 { read(connection, .clientToServer, now: now) }
    }

    private func read(_ connection: ProxyConnection, _ direction: FrameDirection, now: UInt64) {
        // The event may have been that there is room to write.
        guard connection.state != .live || connection[direction].wantsRead else { return }
        connection.read(direction, &buffer, now: now) { bytes in
            connection.receive(bytes, direction, traffic, now: now)
        }
    }

    // MARK: Connections

    private func accept() {
        while let client = ProxySocket.accept(listener) {
            let number = status.withLock { status in
                status.accepted += 1
                status.live.append(status.accepted - 1)
                return status.accepted - 1
            }
            traffic.journal.append(
                FrameRecord(
                    time: traffic.journal.now(), connection: number, event: .opened, direction: .clientToServer))
            // A target that refuses is a reset for the client: it has been accepted already.
            let server = acceptance == .silence ? nil : try? LoopbackPort.startConnecting(to: target)
            let connection = ProxyConnection(
                number: number, client: client, server: server ?? -1, shapes: shapes, seed: seed)
            if acceptance == .forward && server == nil { connection.reset() }
            connections.append(connection)
        }
    }

    /// Forgets what is closed. A connection that was ended has ended for the test, even while it lingers.
    private func reapEnded() {
        for connection in connections where connection.state != .live {
            let isNew = status.withLock { status in
                guard let index = status.live.firstIndex(of: connection.number) else { return false }
                status.live.remove(at: index)
                status.ended += 1
                return true
            }
            guard isNew else { continue }
            traffic.book.forget(connection: connection.number)
            traffic.journal.append(
                FrameRecord(
                    time: traffic.journal.now(), connection: connection.number, event: .closed,
                    direction: .clientToServer))
        }
        connections.removeAll { $0.state == .closed }
    }

    func refuse() throws(HarnessError) {
        guard isListening else { return }
        isListening = false
        close(listener)
        // Holds the port, without listening, for the day it opens again.
        listener = -1
        listener = try place.bound(to: port)
    }

    func listen() throws(HarnessError) {
        guard !isListening else { return }
        if listener < 0 { listener = try place.bound(to: port) }
        try check(Glibc.listen(listener, 64), "listen on port \(port)")
        ProxySocket.makeNonBlocking(listener)
        isListening = true
    }

    // MARK: Rules and waiters

    func add(_ rule: InstalledRule) {
        rules[rule.id] = rule
        traffic.book.add(rule.rule, id: rule.id)
    }

    func remove(_ id: Int) {
        rules[id] = nil
        traffic.book.remove(id)
    }

    func removeRules() { for id in rules.keys { remove(id) } }

    func add(_ waiter: ProxyWaiter) { waiters.append(waiter) }
}
