import Glibc

/// Where one private node lives: its directory, ports, name and environment.
struct BrokerSite: Sendable {
    let directory: String
    let port: UInt16
    let epmdPort: UInt16
    let environment: [String: String]

    var logFile: String { directory + "/log/node.log" }
    var consoleFile: String { directory + "/log/console.log" }

    /// Marks every process of the node, whoever started it, so that the guardian finds them all.
    static let marker = "SWIFTAMQP_BROKER_DIR"

    private static let count = Locked(0)

    init(configuration: [String]) throws(HarnessError) {
        let port = try LoopbackPort.free()
        let distributionPort = try LoopbackPort.free()
        let epmdPort = try LoopbackPort.free()
        let number = Self.count.withLock { count in
            count += 1
            return count
        }

        let directory = try makeTemporaryDirectory("swiftamqp")
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
        self.epmdPort = epmdPort
        // Nothing of our own environment but PATH: a developer's RABBITMQ_* would lead the node astray.
        // HOME holds the cookie. RABBITMQ_CONF_ENV_FILE names no file, so that /etc/rabbitmq is not read.
        let loopbackOnly = "-kernel inet_dist_use_interface {127,0,0,1}"
        let path = (environmentVariable("PATH").map { $0 + ":" } ?? "") + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        environment = [
            "PATH": path,
            "HOME": directory,
            "LANG": "C.UTF-8",
            "TMPDIR": directory,
            Self.marker: directory,
            // A node that cannot boot would leave a dump in whatever folder the tests run in.
            "ERL_CRASH_DUMP_SECONDS": "0",
            "ERL_EPMD_PORT": "\(epmdPort)",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": directory + "/none",
            "RABBITMQ_NODENAME": "swiftamqp-\(getpid())-\(number)@localhost",
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
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 1:1 +sbwt none \(loopbackOnly)",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none \(loopbackOnly)",
            // Port 0: rabbitmqctl is a node too, and its default range allows ten at a time.
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
        ]
    }

    /// The last lines that the node wrote, for the text of an error.
    func logTail(_ lines: Int = 25) -> String {
        let texts = [consoleFile, logFile].map { path in
            ((try? readTextFile(path)) ?? "").split(separator: "\n").suffix(lines).joined(separator: "\n")
        }
        return texts.filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
