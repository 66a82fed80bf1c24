import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Tables that are deep, cut short, unknown, or not what their lengths say. In connection.start they are the broker's
    /// own and end it; in a message they are some publisher's, and only the message is marked.
    static let tables: [HostileScript] = inStart + inMessages + properties

    private static let inStart: [HostileScript] = {
        let accepted: [FakeStep] = [.expectMethod(.connectionStartOK, channel: 0)] + .toOpenRest + [.courteous]
        var scripts: [HostileScript] = []
        for (name, table) in broken {
            let steps: [FakeStep] = .toStart + [.rawStart(table: table)]
            scripts.append(.connecting("\(name) in start", steps, .connection(.protocolViolation, 502)))
        }
        for (name, table) in sound {
            let steps: [FakeStep] = .toStart + [.rawStart(table: table)] + accepted
            scripts.append(.connecting("\(name) in start", steps, .goesOn))
        }
        return scripts
    }()

    private static let inMessages: [HostileScript] = {
        var scripts: [HostileScript] = []
        for (isSound, tables) in [(false, broken), (true, sound)] {
            for (name, table) in tables {
                let message = Hostile.message(header: Hostile.header(rawTable: table))
                var script = HostileScript.session("\(name) in the headers of a message", .send(message), fate: .goesOn)
                script.deliveries = 1
                script.check = { aftermath in
                    let error = aftermath.deliveries.first?.propertiesError
                    #expect(error?.code == (isSound ? nil : .protocolViolation), "\(name)")
                    #expect(aftermath.deliveries.first?.body == [7])
                }
                scripts.append(script)
            }
        }
        return scripts
    }()

    private static func table(_ content: [UInt8], length: UInt32? = nil) -> [UInt8] {
        var writer = WireWriter()
        writer.longString(content, length: length)
        return writer.bytes
    }

    private static func entry(_ kind: Unicode.Scalar, _ value: [UInt8]) -> [UInt8] {
        [1, UInt8(ascii: "k"), UInt8(ascii: kind)] + value
    }

    private static let broken: [(String, [UInt8])] = [
        ("a table 33 deep", Hostile.nestedTable(depth: 33)),
        ("a table 64 deep", Hostile.nestedTable(depth: 64)),
        ("a table 10,000 deep", Hostile.nestedTable(depth: 10_000)),
        ("a table longer than its frame", table([], length: 100_000)),
        ("a table of 2^32 - 1", table([], length: .max)),
        ("a table that ends inside a key", table([200, 65])),
        ("a table that ends after a key", table([1, 65])),
        ("a table that ends inside a value", table(entry("l", [0, 0]))),
        ("a string over the end of its table", table(entry("S", [0, 0, 0, 9, 65]))),
        ("an array over the end of its table", table(entry("A", [0, 0, 0, 9, UInt8(ascii: "V")]))),
        ("an array of 2^32 - 1", table(entry("A", [255, 255, 255, 255]))),
        ("a table over the end of its array", table(entry("A", [0, 0, 0, 5, UInt8(ascii: "F"), 0, 0, 0, 9]))),
        ("a value of kind 0", table(entry("\0", []))),
        ("a value of kind z", table(entry("z", [0]))),
        ("a value of kind C", table(entry("C", [0, 0, 0, 0]))),
    ]

    private static let sound: [(String, [UInt8])] = [
        ("a table 32 deep", Hostile.nestedTable(depth: 32)),
        ("a key twice", table(entry("V", []) + entry("t", [1]))),
        ("an empty key", table([0, UInt8(ascii: "V")])),
        ("a key that is not UTF-8", table([9] + Hostile.invalidUTF8 + [UInt8(ascii: "V")])),
        ("a string that is not UTF-8", table(entry("S", [0, 0, 0, 9] + Hostile.invalidUTF8))),
        ("100,000 voids", Hostile.tableOfVoids(100_000)),
    ]

    private static func unreadable(_ name: String, flags: UInt16, _ bytes: [UInt8]) -> HostileScript {
        .session(
            name, .send(Hostile.message(header: .header(1, bodySize: 1, flags: flags) { $0.raw(bytes) })), fate: .goesOn
        ).with {
            $0.deliveries = 1
            $0.check = { #expect($0.deliveries.first?.propertiesError?.code == .protocolViolation) }
        }
    }

    private static let properties: [HostileScript] = [
        unreadable("property flags that go on", flags: 1, [0, 0]),
        unreadable("all property flags and nothing behind them", flags: 0xFFFC, []),
        unreadable("a priority that is not there", flags: 0x0800, []),
        unreadable("a content type over the end", flags: 0x8000, [200, 65]),
        unreadable("a timestamp cut short", flags: 0x0040, [0, 0, 0]),
        .session(
            "every short string of the properties is not UTF-8",
            .send(
                Hostile.message(
                    header: .header(1, bodySize: 1, flags: 0xC7BC) { writer in
                        // contentType to clusterID, without headers, modes, priority and timestamp.
                        for _ in 0..<11 { writer.raw([9] + Hostile.invalidUTF8) }
                    })), fate: .goesOn
        ).with {
            $0.deliveries = 1
            $0.check = { aftermath in
                let properties = aftermath.deliveries.first?.properties
                #expect(aftermath.deliveries.first?.propertiesError == nil)
                #expect(properties?.contentType?.contains("\u{FFFD}") == true)
                #expect(properties?.messageID?.contains("\u{FFFD}") == true)
            }
        },
        .session(
            "property flags that do not exist, and bytes behind the last property",
            .send(Hostile.message(header: .header(1, bodySize: 1, flags: 0x0002) { $0.raw([1, 2, 3]) })), fate: .goesOn
        ).with { $0.deliveries = 1 },
    ]
}
