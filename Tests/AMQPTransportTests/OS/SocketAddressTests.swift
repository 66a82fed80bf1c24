import AMQPTransport
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:5672"), ("255.255.255.255", "255.255.255.255:5672"), ("::1", "[::1]:5672"),
        ("[::1]", "[::1]:5672"), ("::", "[::]:5672"), ("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:5672"),
        ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:5672"), ("fe80::1%1", "[fe80::1%1]:5672"),
        ("fe80::1%lo", "[fe80::1%1]:5672"), ("[fe80::1%lo]", "[fe80::1%1]:5672"),
    ]) func literals(literal: String, text: String) {
        #expect(SocketAddress(literal: literal, port: 5672)?.description == text)
    }

    @Test(arguments: [
        "", "[]", "[", "[::1", "::1]", "[127.0.0.1]", "127.1", "0x7f000001", "2130706433", "127.0.0.1.", "127.0.0.256",
        "127.0.0.1\0", "127.0.0.1\0.example.com", "127.0.0.1 ", " ::1", ":::", "::1%", "fe80::1%nosuchinterface",
        "localhost", "rabbit@host", String(repeating: "1", count: 100_000), "::" + String(repeating: "%", count: 5000),
    ]) func others(text: String) {
        #expect(SocketAddress(literal: text, port: 5672) == nil)
    }

    @Test func portsAndFamilies() throws {
        let four = try #require(SocketAddress(literal: "10.1.2.3", port: 65535))
        let six = try #require(SocketAddress(literal: "::1", port: 1))
        #expect(four.family == .v4)
        #expect(six.family == .v6)
        #expect(four.port == 65535)
        #expect(four.host == "10.1.2.3")
        #expect(four.with(port: 0).description == "10.1.2.3:0")
        #expect(four.with(port: 65535) == four)
    }
}
