import Glibc

/// The RabbitMQ programs of this machine.
struct BrokerInstallation: Sendable {
    let server: String
    let ctl: String

    /// Debian's `/usr/sbin/rabbitmq-server` becomes the user rabbitmq when root calls it and refuses everybody else,
    /// so the scripts underneath are called directly: they run as whoever we are.
    static func find() throws(HarnessError) -> BrokerInstallation {
        var folders: [String] = []
        if let named = environmentVariable("SWIFTAMQP_RABBITMQ_SBIN") { folders.append(named) }
        folders += ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/usr/local/sbin"]
        for folder in folders {
            let found = BrokerInstallation(server: folder + "/rabbitmq-server", ctl: folder + "/rabbitmqctl")
            if access(found.server, X_OK) == 0, access(found.ctl, X_OK) == 0 { return found }
        }
        throw HarnessError(
            .notInstalled,
            "no RabbitMQ server found in \(folders.joined(separator: ", ")): install rabbitmq-server, "
                + "or set SWIFTAMQP_RABBITMQ_SBIN to the folder of its scripts, or AMQP_URL to a running broker")
    }
}
