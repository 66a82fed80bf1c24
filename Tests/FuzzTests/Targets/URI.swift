@testable import SwiftAMQP

extension FuzzTarget {
    /// Any text as a URI: an error that shows no secret, or a value that renders to a URI of the same value.
    static let uri = FuzzTarget(
        name: "uri", maxLength: 1024,
        run: { input in
            let text = String(decoding: input, as: UTF8.self)
            let uri: AMQPURI
            do throws(AMQPError) {
                uri = try AMQPURI(parsing: text)
            } catch {
                try hold([.invalidConfiguration, .unsupported].contains(error.code), "\(error)")
                try hold(error.text.utf8.count <= 400, "an error text of \(error.text.utf8.count) bytes")
                try hold((try? AMQPConfiguration(url: text)) == nil, "a configuration of no URI")
                return
            }
            let rendered = uri.rendered(password: .shown)
            try hold(rendered.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "rendered with bytes that no URI holds")
            try hold(
                rendered.utf8.count <= 3 * text.utf8.count + 16,
                "\(text.utf8.count) bytes became \(rendered.utf8.count)")
            let again = try AMQPURI(parsing: rendered)
            try hold(again == uri, "\(rendered) is not what was parsed")
            try hold(again.rendered(password: .shown) == rendered, "rendered differently the second time")

            var masked = uri
            if masked.userInfo?.password != nil { masked.userInfo?.password = AMQPSecret("***") }
            // No escapes for the asterisks of the mask: so compared as values.
            let redacted = uri.rendered(password: .redacted)
            try hold(try AMQPURI(parsing: redacted) == masked, "\(redacted) says something else")
            try checkConfiguration(text, uri)
        },
        seeds: {
            [
                "amqp://", "amqp://localhost", "amqp://guest:guest@localhost:5672/%2F", "AMQP://[::1]:1/",
                "amqps://u:p%40ss@mq-1.example.com/prod?heartbeat=10&connection_timeout=5000&channel_max=100",
                "amqp://[fe80::1%25eth0]/v?frame_max=131072", "amqp://h?auth_mechanism=plain&auth_mechanism=PLAIN",
                "amqp://u@h", "amqp://u:@h/a%00b", "amqp://:%C3%BC@10.0.0.1/%F0%9F%90%87",
                "amqp://h:65535?verify=verify_peer",
                "amqp://[::ffff:192.0.2.1]", "http://h", "amqp://a:b:c@h/", "amqp://h/a/b", "amqp://h#f",
            ].map { Array($0.utf8) }
        })

    private static func checkConfiguration(_ text: String, _ uri: AMQPURI) throws {
        let configuration: AMQPConfiguration
        do throws(AMQPError) {
            configuration = try AMQPConfiguration(url: text)
        } catch {
            try hold([.invalidConfiguration, .unsupported].contains(error.code), "\(error)")
            return
        }
        try hold(uri.scheme == .amqp, "TLS was dropped in silence")
        try configuration.validate()
        try hold(
            configuration.virtualHost.utf8.elementsEqual((uri.virtualHost ?? "/").utf8), "another virtual host")
        try hold(configuration.endpoint.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "an endpoint of several words")
        var masked = configuration
        masked.credentials = .plain(username: configuration.credentials.username, password: "***")
        let redacted = try AMQPConfiguration(url: configuration.redactedURL)
        try hold(redacted == masked, "\(configuration.redactedURL) says something else")
    }
}
