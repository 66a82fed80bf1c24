internal import SwiftAMQP

/// A key of options: what it means, and where its value goes.
struct OptionKey: Sendable {
    typealias Change = @Sendable (inout OptionSettings) -> Void

    let name: String
    let type: String
    let range: String
    /// As text; rendered from what the Swift API has, so that the two cannot differ.
    let fallback: String
    /// What it does, in one line.
    let help: String
    /// Whether its values are tables.
    let isTable: Bool
    /// Makes the change that sets it to a value, and says what is wrong with others.
    let change: @Sendable (OptionInput) throws(Failure) -> Change
    /// The present value, as text: `***` of a secret.
    let read: @Sendable (OptionSettings) -> String

    /// One line for people; lives as long as the process.
    let line: CText
    let nameText: CText

    init<Value: Sendable>(
        _ name: String, _ type: OptionType<Value>, _ help: String,
        get: @escaping @Sendable (OptionSettings) -> Value,
        set: @escaping @Sendable (inout OptionSettings, Value) -> Void
    ) {
        self.name = name
        self.type = type.name
        range = type.range
        isTable = type.name == "table"
        read = { type.render(get($0)) }
        fallback = type.isSecret ? "" : type.render(get(OptionSettings()))
        self.help = help
        change = { (input) throws(Failure) in
            if let value = type.parse(input) { return { set(&$0, value) } }
            let given = type.mayBeQuoted ? "is \(input.description)" : "cannot be that"
            throw .invalidArgument("option '\(name)' \(given); it must be \(Self.needed(type.name, type.range))")
        }
        let shown = fallback.isEmpty ? "" : "; default \(fallback)"
        line = CText("\(help) (\(type.name): \(type.range)\(shown))")
        nameText = CText(name)
    }

    /// A field of the settings.
    init<Value: Sendable>(
        _ name: String, _ field: any WritableKeyPath<OptionSettings, Value> & Sendable, _ type: OptionType<Value>,
        _ help: String
    ) {
        self.init(name, type, help, get: { $0[keyPath: field] }, set: { $0[keyPath: field] = $1 })
    }

    /// A field of every endpoint.
    static func connection<Value: Sendable>(
        _ name: String, _ field: any WritableKeyPath<AMQPConfiguration, Value> & Sendable, _ type: OptionType<Value>,
        _ help: String
    ) -> OptionKey {
        OptionKey(
            "connection." + name, type, help,
            get: { ($0.client.endpoints.first ?? AMQPConfiguration())[keyPath: field] },
            set: { settings, value in
                for index in settings.client.endpoints.indices {
                    settings.client.endpoints[index][keyPath: field] = value
                }
            })
    }

    private static func needed(_ type: String, _ range: String) -> String {
        switch type {
        case "word": "one of \(range)"
        case "Boolean": range
        case "integer": "an integer, \(range)"
        case "table": "a table\(range == "any" ? "" : " \(range)"), set by samqp_options_set_table"
        default: range == "any" ? type : "\(type), \(range)"
        }
    }
}

extension OptionKey {
    static let byName: [String: OptionKey] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The key of a name.
    ///
    /// - Throws: For one that there is not; the closest one is in the error, but no value.
    static func named(_ name: String) throws(Failure) -> OptionKey {
        if let key = byName[name] { return key }
        let quoted = name.quoted()
        var advice = "samqp_options_key lists them"
        if name.utf8.count <= 128, let closest = closest(to: name) { advice = "the closest one is '\(closest.name)'" }
        throw .invalidArgument("there is no option \(quoted); \(advice)")
    }

    private static func closest(to name: String) -> OptionKey? {
        let bytes = Array(name.utf8)
        return all.map { ($0, distance(Array($0.name.utf8), bytes)) }.min { $0.1 < $1.1 }?.0
    }

    /// How many bytes have to be changed, added or taken away to make one of the other (Levenshtein).
    private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var row = Array(0...other.count)
        for (line, mine) in one.enumerated() {
            var next = [line + 1]
            for ((above, left), theirs) in zip(zip(row.dropFirst(), row), other) {
                next.append(min(left + (mine == theirs ? 0 : 1), above + 1, (next.last ?? 0) + 1))
            }
            row = next
        }
        return row.last ?? 0
    }
}
