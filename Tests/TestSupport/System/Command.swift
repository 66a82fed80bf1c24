import Glibc

/// A command that is run to its end, with its output.
package struct CommandOutput: Sendable {
    package var exitCode: Int32
    package var output: String
    package var error: String
}

/// Runs a command to its end on the calling thread, which it blocks: see ``offPool(_:_:)``.
///
/// Past the deadline the command is killed and a ``HarnessError`` of kind `timeout` is thrown.
package func runCommand(
    _ arguments: [String], environment: [String: String], deadline: Deadline
) throws(HarnessError) -> CommandOutput {
    let output = try Pipe()
    defer { close(output.readEnd) }
    let error: Pipe
    do throws(HarnessError) {
        error = try Pipe()
    } catch {
        close(output.writeEnd)
        throw error
    }
    defer { close(error.readEnd) }

    let child: ChildProcess
    do {
        // Closed in this process on either way out, so that the end of the command ends the streams.
        defer {
            close(output.writeEnd)
            close(error.writeEnd)
        }
        child = try ChildProcess(
            arguments, environment: environment,
            streams: .init(output: output.writeEnd, error: error.writeEnd))
    }

    var texts: [[UInt8]] = [[], []]
    var polls = [
        pollfd(fd: output.readEnd, events: Int16(POLLIN), revents: 0),
        pollfd(fd: error.readEnd, events: Int16(POLLIN), revents: 0),
    ]
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    while polls.contains(where: { $0.fd >= 0 }) {
        if deadline.hasPassed {
            child.killAndWait()
            throw HarnessError(.timeout, "\(arguments.joined(separator: " ")) did not end in time and was killed")
        }
        _ = poll(&polls, 2, deadline.milliseconds)
        for index in polls.indices where polls[index].fd >= 0 && polls[index].revents != 0 {
            let count = read(polls[index].fd, &buffer, buffer.count)
            if count > 0 { texts[index] += buffer[..<count] } else if count == 0 { polls[index].fd = -1 }
        }
    }
    guard let status = child.wait(until: deadline) else {
        child.killAndWait()
        throw HarnessError(.timeout, "\(arguments.joined(separator: " ")) did not end in time and was killed")
    }
    return CommandOutput(
        exitCode: exitCode(ofWaitStatus: status), output: String(decoding: texts[0], as: UTF8.self),
        error: String(decoding: texts[1], as: UTF8.self))
}
