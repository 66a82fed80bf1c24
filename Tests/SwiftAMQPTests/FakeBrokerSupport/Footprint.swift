import TestSupport
import Testing

/// What the process had before something that has to give everything back, also memory.
struct Footprint {
    /// What memory may grow by while a hostile peer does what it can.
    static let allowance = 32 << 20

    let threads: Int
    let descriptors: Int
    let resident: Int

    /// Counts what the whole process has, so no other test may run beside it: `make test` runs them one at a time.
    init() async throws {
        // The loop, Swift's pool and the resolver take what they keep; libdispatch has a descriptor for each clock.
        try await withFakeConnection([.closeOK]) { _ in }
        try await Task.sleep(for: .milliseconds(1), clock: .continuous)
        try await Task.sleep(for: .milliseconds(1), clock: .suspending)
        try ProcessCounts.resetPeak()
        threads = try ProcessCounts.threads()
        descriptors = try ProcessCounts.descriptors()
        resident = try ProcessCounts.resident()
    }

    /// Expects threads and descriptors as before, and that memory never grew by more than the allowance meanwhile.
    func expectRestored(
        _ what: String, peakAllowance: Int = Self.allowance, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        do {
            try await until("the descriptors") { (try? ProcessCounts.descriptors()) ?? .max <= descriptors }
        } catch {
            let open = try ProcessCounts.openFiles().joined(separator: ", ")
            throw HarnessError(.timeout, "\(what): \(descriptors) descriptors before, and now these: \(open)")
        }
        try await until("the threads to end after \(what)") { (try? ProcessCounts.threads()) ?? .max <= threads }
        // A sanitizer keeps what is freed, and a shadow of everything.
        guard Deadline.scale == 1 else { return }
        let growth = try ProcessCounts.peakResident() - resident
        #expect(growth <= peakAllowance, "\(what): memory grew by \(growth >> 10) KiB", sourceLocation: sourceLocation)
    }
}
