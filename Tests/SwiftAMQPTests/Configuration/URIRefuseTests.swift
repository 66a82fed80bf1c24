import SwiftAMQP
import Testing

/// A URI that is refused, and a part of the text that says why.
struct BadURI: Sendable, CustomTestStringConvertible {
    let uri: String
    let says: String
    let code: AMQPError.Code
    var testDescription: String { uri.debugDescription }

    init(_ uri: String, _ says: String, _ code: AMQPError.Code = .invalidConfiguration) {
        self.uri = uri
        self.says = says
        self.code = code
    }
}

@Suite struct URIRefuseTests {
    static let uris: [BadURI] = [
        // Schemes.
        BadURI("", "scheme: it is neither amqp nor amqps"), BadURI("amqp", "scheme"), BadURI(":", "scheme"),
        BadURI("://h", "scheme"), BadURI("h", "scheme"), BadURI("http://h", "scheme"), BadURI("amqpx://h", "scheme"),
        BadURI("amqp+tls://h", "scheme"), BadURI("%61mqp://h", "scheme"), BadURI("amqp:", "slashes"),
        BadURI("amqp:h", "slashes"), BadURI("amqp:/h", "slashes"), BadURI("user:pass@h", "scheme"),
        BadURI("amqps://h", "TLS", .unsupported), BadURI("AMQPS://u:p@h:5671/v", "TLS", .unsupported),
        // Characters.
        BadURI(" amqp://h", "byte 1: it is a space"), BadURI("amqp://h/a b", "byte 11: it is a space"),
        BadURI("amqp://h ", "byte 9: it is a space"), BadURI("amqp://h\n", "byte 9: it is a control character"),
        BadURI("amqp://h\0", "control"), BadURI("amqp://h\u{7F}", "control"), BadURI("amqp://ü@h", "not ASCII"),
        BadURI("amqp://h/\u{2028}", "not ASCII"), BadURI("amqp://h/a\"b", "no URI may hold"),
        BadURI("amqp://u:<p>@h", "no URI may hold"), BadURI("amqp://u:p^@h", "no URI may hold"),
        BadURI("amqp://u:{p}@h", "no URI may hold"), BadURI("amqp://h\\v", "no URI may hold"),
        BadURI("amqp://h#f", "byte 9: it starts a fragment"), BadURI("amqp://u:p#q@h", "fragment"),
        // Escapes.
        BadURI("amqp://%@h", "user: the escape at byte 8"), BadURI("amqp://u:p%4@h", "password: the escape at byte 11"),
        BadURI("amqp://u:%zz@h", "password: the escape at byte 10"), BadURI("amqp://h/%2", "virtual host: the escape"),
        BadURI("amqp://h/%", "virtual host: the escape"), BadURI("amqp://h%2", "host: the escape"),
        BadURI("amqp://u:%FF@h", "password: its escapes are not valid UTF-8"),
        BadURI("amqp://%C3@h", "user: its escapes"), BadURI("amqp:///%ED%A0%80", "virtual host: its escapes"),
        BadURI("amqp:///%C0%AF", "virtual host: its escapes"), BadURI("amqp://?%heartbeat=1", "query: the escape"),
        // User, password, host.
        BadURI("amqp://u@x:p@h", "second @"), BadURI("amqp://u:p@x@h", "second @"),
        BadURI("amqp://u:pa/ss@h", "write %2F for /"), BadURI("amqp://u:1/ss@h/v", "write %2F for /"),
        BadURI("amqp://u:pa?ss@h", "%3F for ?"), BadURI("amqp://h/a@b", "%40 for an @ elsewhere"),
        BadURI("amqp://h?heartbeat=1@", "%40"), BadURI("amqp://u[:p@h", "user: there is a square bracket at byte 9"),
        BadURI("amqp://u:p]@h", "password: there is a square bracket"),
        BadURI("amqp://a,b", "host: it is no host name"),
        BadURI("amqp://h%00", "host: it is no host name"), BadURI("amqp://h%20", "host"),
        BadURI("amqp://h%2Fv", "host"),
        BadURI("amqp://%3A%3A1", "host"), BadURI("amqp://%C3%BC", "host"), BadURI("amqp://*", "host"),
        BadURI("amqp://" + String(repeating: "h", count: 256), "host"),
        // IPv6.
        BadURI("amqp://[", "brackets"), BadURI("amqp://[::1", "brackets"), BadURI("amqp://[::1]x", "brackets"),
        BadURI("amqp://[::1]]", "brackets"), BadURI("amqp://[]", "no IPv6 address"), BadURI("amqp://::1", "port"),
        BadURI("amqp://[h]", "no IPv6"), BadURI("amqp://[10.0.0.1]", "no IPv6"), BadURI("amqp://[1::2::3]", "no IPv6"),
        BadURI("amqp://[:::]", "no IPv6"), BadURI("amqp://[12345::]", "no IPv6"), BadURI("amqp://[::g]", "no IPv6"),
        BadURI("amqp://[1:2:3:4:5:6:7]", "no IPv6"), BadURI("amqp://[1:2:3:4:5:6:7:8:9]", "no IPv6"),
        BadURI("amqp://[1:2:3:4::5:6:7:8]", "no IPv6"), BadURI("amqp://[:1]", "no IPv6"),
        BadURI("amqp://[1:]", "no IPv6"),
        BadURI("amqp://[::256.0.0.1]", "no IPv6"), BadURI("amqp://[::1.2.3]", "no IPv6"),
        BadURI("amqp://[1.2.3.4::]", "no IPv6"), BadURI("amqp://[fe80::1%eth0]", "host: the escape"),
        BadURI("amqp://[fe80::1%25]", "no IPv6"), BadURI("amqp://[fe80::1%25a%2Fb]", "no IPv6"),
        BadURI("amqp://[%3A:1]", "no IPv6"), BadURI("amqp://[v1.x]", "no IPv6"), BadURI("amqp://x[::1]", "host"),
        // Ports.
        BadURI("amqp://h:0", "port: it is no number from 1 to 65535"), BadURI("amqp://h:65536", "port"),
        BadURI("amqp://h:99999999999999999999", "port"), BadURI("amqp://h:-1", "port"), BadURI("amqp://h:+1", "port"),
        BadURI("amqp://h:x", "port"), BadURI("amqp://h:1:2", "port"), BadURI("amqp://h:%31", "port"),
        BadURI("amqp://[::1]:0", "port"), BadURI("amqp://user:pass", "port"),
        // Virtual hosts.
        BadURI("amqp://h/a/b", "virtual host: there is a second slash at byte 11"), BadURI("amqp://h//", "%2F"),
        BadURI("amqp://h/a/", "second slash"), BadURI("amqp:///[", "virtual host: there is a square bracket"),
        BadURI("amqp:///" + String(repeating: "v", count: 256), "virtualHost: it is longer than 255"),
        // Queries.
        BadURI("amqp://?heartbeat=-1", "heartbeat: its value is no whole number from 0 to 65535"),
        BadURI("amqp://?heartbeat=65536", "heartbeat"), BadURI("amqp://?heartbeat=", "heartbeat"),
        BadURI("amqp://?heartbeat=1s", "heartbeat"), BadURI("amqp://?heartbeat=1.5", "heartbeat"),
        BadURI("amqp://?heartbeat=4294967296", "heartbeat"), BadURI("amqp://?heartbeat=+1", "heartbeat"),
        BadURI("amqp://?heartbeat=%D9%A1", "heartbeat"), BadURI("amqp://?heartbeat", "\"heartbeat\" has no value"),
        BadURI("amqp://?connection_timeout=0", "connection_timeout: its value is no whole number from 1 to 86400000"),
        BadURI("amqp://?connection_timeout=86400001", "connection_timeout"),
        BadURI("amqp://?connection_timeout=infinity", "connection_timeout"),
        BadURI("amqp://?channel_max=65536", "channel_max"), BadURI("amqp://?channel_max=a", "channel_max"),
        BadURI("amqp://?frame_max=4096", "frame_max: its value is no whole number from 8192"),
        BadURI("amqp://?heartbeat=1&heartbeat=1", "\"heartbeat\" is there twice"),
        BadURI("amqp://?heartbeat=1&h%65artbeat=2", "twice"), BadURI("amqp://?heartbeat=1&", "has no value"),
        BadURI("amqp://?&", "has no value"), BadURI("amqp://?=1", "is not known"),
        BadURI("amqp://?hartbeat=5", "parameter \"hartbeat\" is not known"),
        BadURI("amqp://?Heartbeat=5", "\"Heartbeat\" is not known"),
        BadURI("amqp://?a%0Ab=5", "(whose name is no plain word) is not known"),
        BadURI("amqp://?x=[", "square bracket"),
        BadURI("amqp://?heartbeat=1?channel_max=2", "heartbeat"),
        BadURI("amqp://?auth_mechanism=external", "only the mechanism PLAIN", .unsupported),
        BadURI("amqp://?auth_mechanism=plain&auth_mechanism=amqplain", "only the mechanism PLAIN", .unsupported),
        BadURI("amqp://?auth_mechanism=", "auth_mechanism", .unsupported),
        BadURI("amqp://?cacertfile=/ca.pem", "cacertfile: the parameter configures TLS", .unsupported),
        BadURI("amqp://?certfile=c", "certfile", .unsupported), BadURI("amqp://?keyfile=k", "keyfile", .unsupported),
        BadURI("amqp://?verify=verify_peer", "verify", .unsupported), BadURI("amqp://?depth=1", "depth", .unsupported),
        BadURI("amqp://?server_name_indication=h", "server_name_indication", .unsupported),
        BadURI("amqp://?fail_if_no_peer_cert=true", "fail_if_no_peer_cert", .unsupported),
        BadURI("amqp://?password=p", "password: the parameter configures TLS", .unsupported),
        BadURI("amqps://h?cacertfile=/ca.pem", "TLS", .unsupported),
    ]

    @Test(arguments: uris)
    func refuses(_ bad: BadURI) throws {
        let error = try #require(throws: AMQPError.self) { try AMQPConfiguration(url: bad.uri) }
        #expect(error.code == bad.code)
        #expect(error.text.contains(bad.says), "it says: \(error.text)")
        // What is wrong, and what to do about it.
        #expect(error.text.contains("; "))
    }
}
