import Glibc

// What scripts/sanitize looks at before it believes the thread sanitizer: a thread and a task that meet in continuations, which
// the thread resumes, often before the task awaits them. With an argument both count what nothing orders but the continuation.

final class Meeting: @unchecked Sendable {
    static let rounds = 300

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var continuation: UnsafeContinuation<Void, Never>?
    private var planted = 0

    init() {
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    func attend() async {
        for _ in 0..<Self.rounds {
            await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    pthread_mutex_lock(mutex)
                    self.continuation = continuation
                    pthread_mutex_unlock(mutex)
                    for _ in 0..<200 { sched_yield() }
                }
            } onCancel: {
            }
            if isFaulty { planted += 1 }
        }
    }

    func lead() {
        var left = Self.rounds
        while left > 0 {
            pthread_mutex_lock(mutex)
            let taken = continuation
            continuation = nil
            pthread_mutex_unlock(mutex)
            guard let taken else {
                sched_yield()
                continue
            }
            left -= 1
            if isFaulty { planted += 1 }
            taken.resume()
        }
    }
}

let isFaulty = CommandLine.arguments.count > 1

func lead(_ meeting: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let meeting { Unmanaged<Meeting>.fromOpaque(meeting).takeRetainedValue().lead() }
    return nil
}

@main
enum Main {
    static func main() async {
        let meeting = Meeting()
        var thread = pthread_t()
        pthread_create(&thread, nil, lead, Unmanaged.passRetained(meeting).toOpaque())
        await Task.detached { await meeting.attend() }.value
        pthread_join(thread, nil)
        print("ok")
    }
}
