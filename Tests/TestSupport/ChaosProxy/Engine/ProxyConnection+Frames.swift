/// What the connections of a proxy share about frames.
final class ProxyTraffic {
    var book = RuleBook()
    let journal: FrameJournal
    /// Rules that have fired since they were last told.
    var fired: [Int] = []

    init(journal: FrameJournal) { self.journal = journal }
}

extension ProxyConnection {
    /// Takes bytes from a source through the rules to the queue of their direction.
    func receive(_ bytes: ArraySlice<UInt8>, _ direction: FrameDirection, _ traffic: ProxyTraffic, now: UInt64) {
        let stream = self[direction]
        stream.cutter.append(bytes)
        // Frames that nothing happens to leave together.
        var run: [UInt8] = []
        while let frame = stream.cutter.next() {
            var record = FrameRecord(frame, time: traffic.journal.now(), connection: number, direction: direction)
            let match = traffic.book.match(frame.kind, direction, connection: number)
            record.action = match?.action
            record.isPassed = !stream.isSwallowing && (match?.action.passesFrame ?? true)
            traffic.journal.append(record)
            guard let match else {
                run += frame.bytes
                continue
            }
            traffic.fired.append(match.id)
            stream.push(run[...], now: now)
            run = []
            carryOut(match, frame.bytes, stream, now: now)
        }
        if stream.cutter.hasGivenUp { run += stream.cutter.rest() }
        stream.push(run[...], now: now)
    }

    private func carryOut(_ match: RuleBook.Match, _ frame: ArraySlice<UInt8>, _ stream: ProxyStream, now: UInt64) {
        switch match.action {
        case .rst: stream.push(end: .reset, now: now)
        case .rstMid(let bytes):
            stream.push(frame.prefix(min(bytes ?? frame.count / 2, frame.count - 1)), now: now)
            stream.push(end: .reset, now: now)
        case .fin: stream.push(end: .finish, now: now)
        case .drop: break
        case .hold:
            stream.queue.push(gate: match.id)
            stream.push(frame, now: now)
        case .blackhole(let bothWays):
            stream.isSealed = true
            stream.push(frame, now: now)
            if bothWays { self[stream.direction.opposite].isSealed = true }
        case .dup:
            stream.push(frame, now: now)
            stream.push(frame, now: now)
        case .corrupt(let offset):
            var wrong = frame
            wrong[wrong.startIndex + min(offset ?? frame.count - 1, frame.count - 1)] ^= 0xFF
            stream.push(wrong, now: now)
        case .delay(let duration): stream.push(frame, now: now, delay: duration)
        case .chop(let bytes): stream.push(frame, now: now, segment: bytes)
        }
    }
}

extension FrameAction {
    /// Whether the frame arrives, sooner or later, and as it was.
    fileprivate var passesFrame: Bool {
        switch self {
        case .rst, .rstMid, .fin, .drop, .blackhole, .corrupt: false
        case .hold, .dup, .delay, .chop: true
        }
    }
}
