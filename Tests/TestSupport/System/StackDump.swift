import Glibc

/// What every thread of this process does, for a person to read when something hangs.
package enum StackDump {
    /// The stacks of all threads by gdb where it is installed and may look, else what the kernel says of each thread.
    ///
    /// gdb is asked for and not required: with what it brings along it is larger than everything else that the tests
    /// need, and a machine that shows a hang can get it. Blocks the thread: gdb needs some seconds for the symbols.
    package static func all() -> String {
        guard let file = try? makeTemporaryFile("swiftamqp-stacks") else { return kernelView() }
        defer { unlink(file) }
        // Into a file: while gdb looks this process stands still, and would not empty a pipe. For the same reason it is
        // another process that ends gdb if that hangs.
        let command =
            "exec timeout -s KILL 60 gdb -batch -nx -p \(getpid()) -iex 'set debuginfod enabled off' "
            + "-ex 'set pagination off' -ex 'thread apply all bt 40' >\"$1\" 2>/dev/null </dev/null"
        let environment = ["PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"]
        _ = try? runCommand(
            ["sh", "-c", command, "sh", file], environment: environment, deadline: .after(.seconds(90)))
        guard let text = try? readTextFile(file), text.contains("\nThread ") else { return kernelView() }
        return text
    }

    /// Name, state and place in the kernel of each thread.
    package static func kernelView() -> String {
        guard let threads = try? entries(of: "/proc/self/task") else { return "no /proc/self/task\n" }
        var text = ""
        for thread in threads {
            let path = "/proc/self/task/\(thread)"
            text += "thread \(thread) \(line("\(path)/comm")): waits in \(line("\(path)/wchan")); "
            let status = (try? readTextFile("\(path)/status")) ?? ""
            text += status.split(separator: "\n").filter { $0.hasPrefix("State:") || $0.contains("ctxt_switches") }
                .map { $0.replacing("\t", with: " ") }.joined(separator: ", ")
            text += "; system call \(line("\(path)/syscall"))\n"
        }
        return text
    }

    private static func line(_ path: String) -> String {
        let text = (try? readTextFile(path)) ?? "?"
        return String(text.prefix { $0 != "\n" })
    }
}
