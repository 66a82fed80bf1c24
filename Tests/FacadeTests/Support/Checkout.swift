import TestSupport

/// Where things are in this checkout.
enum Checkout {
    static let root = ancestor(of: #filePath, levels: 4)
    static let programs = "\(root)/Tests/FacadeTests/Programs"
    /// Programs that are wrong, to show that it is noticed.
    static let faults = "\(root)/Tests/FacadeTests/Faults"
    static let cmakeProject = "\(root)/Tests/FacadeTests/CMake"
    static let suppressions = "\(root)/Tests/FacadeTests/valgrind.supp"
    static let threadSuppressions = "\(root)/Tests/FacadeTests/tsan.supp"
    /// What these tests make. They leave it there; the next run begins with removing it.
    static let output = "\(root)/.build/facade-tests"

    /// Headers that are made for the programs.
    static let generated = "\(output)/include"

    private static func ancestor(of path: String, levels: Int) -> String {
        path.split(separator: "/").dropLast(levels).map { "/\($0)" }.joined()
    }
}

/// Runs a command to its end and gives its output; throws with what it wrote if it fails.
@discardableResult
func runOrThrow(
    _ arguments: [String], environment: [String: String], within duration: Duration
) async throws(HarnessError) -> String {
    let result = try await offPool("command") { () throws(HarnessError) in
        try runCommand(arguments, environment: environment, deadline: .after(duration))
    }
    guard result.exitCode == 0 else {
        throw HarnessError(
            .commandFailed(status: result.exitCode),
            "\(arguments.joined(separator: " "))\n\(result.output)\(result.error)")
    }
    return result.output
}
