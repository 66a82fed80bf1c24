import AMQPTransport
import Testing

@Suite struct AddressOrderTests {
    private static let cases: [(given: [String], expected: [String])] = [
        ([], []),
        (["10.0.0.1"], ["10.0.0.1"]),
        (["::1", "::2", "10.0.0.1", "10.0.0.2"], ["::1", "10.0.0.1", "::2", "10.0.0.2"]),
        (["10.0.0.1", "10.0.0.2", "::1"], ["10.0.0.1", "::1", "10.0.0.2"]),
        (["::1", "::2", "::3", "10.0.0.1"], ["::1", "10.0.0.1", "::2", "::3"]),
        (["::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"], ["::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        (["::1", "::1", "10.0.0.1", "::1", "10.0.0.1"], ["::1", "10.0.0.1"]),
    ]

    @Test(arguments: cases) func familiesAlternate(given: [String], expected: [String]) {
        let addresses = given.compactMap { SocketAddress(literal: $0, port: 1) }
        #expect(AddressOrder.interleaved(addresses).map(\.host) == expected)
    }
}
