import Glibc

/// Where one private node lives: its directory, port, name and environment.
struct BrokerSite: Sendable {
    let directory: String
    let port: UInt16
    let nodeName: String
    let environment: [String: String]

    var logFile: String { directory + "/log/node.log" }
    var consoleFile: String { directory + "/log/console.log" }

    private static let count = Locked(0)

    /// A name that no other node of this machine has.
    static func newNodeName() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return "swiftamqp-\(getpid())-\(number)@localhost"
    }

    /// - Parameter folder: Where in its home the node lives; nothing if it lives there alone.
    init(
        home: BrokerHome, folder: String? = nil, nodeName: String = newNodeName(), configuration: [String]
    ) throws(HarnessError) {
        let port = try LoopbackPort.free()
        let distributionPort = try LoopbackPort.free()

        let directory = folder.map { home.directory + "/" + $0 } ?? home.directory
        if folder != nil { try check(mkdir(directory, 0o700), "mkdir \(directory)") }
        try check(mkdir(directory + "/log", 0o700), "mkdir \(directory)/log")
        try writeTextFile(directory + "/enabled_plugins", "[].\n")
        // The watermarks are the server's defaults, but for the disk: a test must not block because a disk is full.
        let lines =
            [
                "listeners.tcp.1 = 127.0.0.1:\(port)",
                "log.console = false",
                "log.file = node.log",
                "log.file.level = info",
                "disk_free_limit.absolute = \(Broker.diskFreeLimit)",
                "vm_memory_high_watermark.relative = \(Broker.memoryWatermark)",
            ] + configuration
        try writeTextFile(directory + "/rabbitmq.conf", lines.joined(separator: "\n") + "\n")

        self.directory = directory
        self.port = port
        self.nodeName = nodeName
        let own = [
            "RABBITMQ_NODENAME": nodeName,
            "RABBITMQ_NODE_PORT": "\(port)",
            "RABBITMQ_DIST_PORT": "\(distributionPort)",
            "RABBITMQ_MNESIA_BASE": directory + "/data",
            "RABBITMQ_LOG_BASE": directory + "/log",
            "RABBITMQ_CONFIG_FILE": directory + "/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": directory + "/none.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": directory + "/enabled_plugins",
            // Makes the script exec the VM, so that the id of the process we start is the id of the node.
            "RABBITMQ_ALLOW_INPUT": "1",
            // One scheduler that does not spin: the machine belongs to the tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 1:1 +sbwt none \(BrokerHome.loopbackOnly)",
        ]
        environment = home.environment.merging(own) { $1 }
    }

    /// The last lines that the node wrote, for the text of an error.
    func logTail(_ lines: Int = 25) -> String {
        let texts = [consoleFile, logFile].map { path in
            ((try? readTextFile(path)) ?? "").split(separator: "\n").suffix(lines).joined(separator: "\n")
        }
        return texts.filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
