extension Broker {
    /// The watermark that a node runs with when there is no alarm: the server's default.
    static let memoryWatermark = "0.4"
    /// The free disk, in bytes, below which a node raises an alarm by itself.
    static let diskFreeLimit = 1_000_000

    /// Runs `rabbitmqctl` against the node and returns what it printed. Takes about 0.3 s.
    @discardableResult
    package func ctl(
        _ arguments: [String], deadline: Duration = .seconds(30)
    ) async throws(HarnessError) -> String {
        let node = try privateNode()
        return try await offPool("rabbitmqctl") { () throws(HarnessError) in
            let result = try runCommand(
                [node.installation.ctl, "--silent"] + arguments, environment: node.site.environment,
                deadline: .after(deadline))
            guard result.exitCode == 0 else {
                throw HarnessError(
                    .commandFailed(status: result.exitCode),
                    "rabbitmqctl \(arguments.joined(separator: " ")): \(result.error)\(result.output)")
            }
            return result.output
        }
    }

    /// Evaluates an Erlang expression in the node and returns its value as Erlang prints it.
    @discardableResult
    package func eval(_ expression: String) async throws(HarnessError) -> String {
        trimmed(try await ctl(["eval", expression.hasSuffix(".") ? expression : expression + "."]))
    }

    // MARK: Alarms

    /// Raises or clears the memory alarm, which blocks connections that publish.
    package func setMemoryAlarm(on: Bool) async throws(HarnessError) {
        try await ctl(["set_vm_memory_high_watermark", on ? "0" : Self.memoryWatermark])
        try await expectAlarm("memory", on: on)
    }

    /// Raises or clears the disk alarm, which blocks connections that publish.
    package func setDiskAlarm(on: Bool) async throws(HarnessError) {
        // 10^18 bytes: no disk has so much left.
        try await ctl(["set_disk_free_limit", on ? "1000000000000000000" : "\(Self.diskFreeLimit)"])
        try await expectAlarm("disk", on: on)
    }

    /// The commands look at once, so the alarm is there when they return; a test that relies on it wants to be sure.
    private func expectAlarm(_ resource: String, on: Bool) async throws(HarnessError) {
        let alarms = try await eval("rabbit_alarm:get_alarms()")
        if alarms.contains("{resource_limit,\(resource),") != on {
            throw HarnessError(.nodeFailed, "the \(resource) alarm is not \(on ? "on" : "off"): \(alarms)")
        }
    }

    // MARK: Connections and queues

    /// Closes every connection from the broker's side: `connection.close` with 320 and this reason.
    package func closeAllConnections(reason: String) async throws(HarnessError) {
        try await ctl(["close_all_connections", reason])
    }

    /// The queues of a virtual host, by name.
    package func listQueues(vhost: String = "/") async throws(HarnessError) -> [BrokerQueue] {
        let text = try await ctl([
            "list_queues", "--no-table-headers", "--vhost", vhost, "messages", "messages_ready",
            "messages_unacknowledged", "consumers", "name",
        ])
        var queues: [BrokerQueue] = []
        for line in text.split(separator: "\n") {
            let columns = line.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false)
            guard columns.count == 5, let messages = Int(columns[0]), let ready = Int(columns[1]),
                let unacknowledged = Int(columns[2]), let consumers = Int(columns[3])
            else { throw HarnessError(.malformed, "unexpected line of list_queues: \(line)") }
            queues.append(
                BrokerQueue(
                    name: String(columns[4]), messages: messages, ready: ready, unacknowledged: unacknowledged,
                    consumers: consumers))
        }
        return queues.sorted { $0.name < $1.name }
    }

    // MARK: Users and virtual hosts

    package func addVhost(_ vhost: String) async throws(HarnessError) { try await ctl(["add_vhost", vhost]) }

    package func deleteVhost(_ vhost: String) async throws(HarnessError) { try await ctl(["delete_vhost", vhost]) }

    package func addUser(_ user: String, password: String) async throws(HarnessError) {
        try await ctl(["add_user", user, password])
    }

    package func deleteUser(_ user: String) async throws(HarnessError) { try await ctl(["delete_user", user]) }

    /// Permissions are patterns over names; without one given, everything is allowed.
    package func setPermissions(
        _ user: String, vhost: String = "/", configure: String = ".*", write: String = ".*", read: String = ".*"
    ) async throws(HarnessError) {
        try await ctl(["set_permissions", "--vhost", vhost, user, configure, write, read])
    }

    /// Deletes a virtual host with everything in it and creates it anew, with its permissions. Its connections are
    /// closed by the broker.
    package func wipe(vhost: String = "/") async throws(HarnessError) {
        let permissions = try await ctl(["list_permissions", "--no-table-headers", "--vhost", vhost])
        try await deleteVhost(vhost)
        try await addVhost(vhost)
        for line in permissions.split(separator: "\n") {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard columns.count == 4 else { continue }
            try await setPermissions(
                columns[0], vhost: vhost, configure: columns[1], write: columns[2], read: columns[3])
        }
    }

    private func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
