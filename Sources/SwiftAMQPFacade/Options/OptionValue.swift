internal import SwiftAMQP

/// What a value of an option may be, and how it is written: a type of Swift, and its form in text.
struct OptionType<Value: Sendable>: Sendable {
    /// What the documentation calls it, for example "milliseconds".
    var name: String
    /// What it may be, for example "1 to 86400000, or none".
    var range: String
    /// Reads what a configuration file or a program has; `nil` for what is not allowed.
    var parse: @Sendable (OptionInput) -> Value?
    /// Writes it; gives what `parse` reads again.
    var render: @Sendable (Value) -> String
    /// Whether nothing of the value may be shown.
    var isSecret = false
    /// Whether an error may quote what was given: never text that may hold a secret by mistake.
    var mayBeQuoted = true
}

/// What a program sets an option to.
enum OptionInput {
    case text(String)
    case integer(Int64)
    case table(AMQPTable)

    /// The number that it is or says.
    var integer: Int64? {
        switch self {
        case .text(let text): Int64(text)
        case .integer(let value): value
        case .table: nil
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    var isNone: Bool { text == "none" || integer == -1 }

    var description: String {
        switch self {
        case .text(let text): text.quoted(maximumCount: 32)
        case .integer(let value): "\(value)"
        case .table: "a table"
        }
    }
}

extension OptionType {
    /// A value that may be left out.
    func orNone() -> OptionType<Value?> {
        let (parse, render) = (parse, render)
        return OptionType<Value?>(
            name: name, range: range + ", or none",
            parse: { input in
                if input.isNone { return .some(nil) }
                return parse(input).map { .some($0) }
            },
            render: { $0.map(render) ?? "none" }, isSecret: isSecret, mayBeQuoted: mayBeQuoted)
    }

    /// The same written form for another type.
    func map<Other>(
        _ there: @escaping @Sendable (Value) -> Other, _ back: @escaping @Sendable (Other) -> Value
    ) -> OptionType<Other> {
        let (parse, render) = (parse, render)
        return OptionType<Other>(
            name: name, range: range, parse: { parse($0).map(there) }, render: { render(back($0)) },
            isSecret: isSecret, mayBeQuoted: mayBeQuoted)
    }
}

extension OptionType where Value == Bool {
    static let bool = OptionType(
        name: "Boolean", range: "true or false",
        parse: { input in
            switch (input.text, input.integer) {
            case ("true", _), (_, 1): true
            case ("false", _), (_, 0): false
            default: nil
            }
        }, render: { $0 ? "true" : "false" })
}

extension OptionType where Value: FixedWidthInteger & Sendable {
    static func integer(_ range: ClosedRange<Value>) -> OptionType {
        let isOpen = range.upperBound == .max && Value.bitWidth == 64
        return OptionType(
            name: "integer",
            range: isOpen ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)",
            parse: { input in
                guard let value = input.integer.flatMap({ Value(exactly: $0) }), range ~= value else { return nil }
                return value
            }, render: { "\($0)" })
    }
}

extension OptionType where Value == Duration {
    static func milliseconds(_ range: ClosedRange<Int64>) -> OptionType {
        OptionType(
            name: "milliseconds", range: "\(range.lowerBound) to \(range.upperBound)",
            parse: { input in
                guard let value = input.integer, range ~= value else { return nil }
                return .milliseconds(value)
            }, render: { "\($0.wholeMilliseconds)" })
    }

    /// 1 ms to 24 h.
    static let upToADay = milliseconds(1...86_400_000)
    /// 1 ms to 1 h.
    static let upToAnHour = milliseconds(1...3_600_000)
}

extension OptionType where Value == [Duration] {
    static let delays = OptionType(
        name: "list of milliseconds", range: "1 to 32 of 1 to 86400000 each, with commas between",
        parse: { input in
            guard let text = input.text ?? input.integer.map(String.init) else { return nil }
            var delays: [Duration] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let start = part.drop { $0 == " " }
                let end = start.lastIndex { $0 != " " }.map { start[...$0] } ?? start
                guard delays.count < 32, let value = Int64(end), 1...86_400_000 ~= value else { return nil }
                delays.append(.milliseconds(value))
            }
            return delays
        }, render: { $0.map { "\($0.wholeMilliseconds)" }.joined(separator: ",") })
}

extension OptionType where Value == Double {
    /// - Parameter isOpen: Whether the lower bound itself is not allowed.
    static func number(_ range: ClosedRange<Double>, isOpen: Bool = false) -> OptionType {
        let (lower, upper) = (render(range.lowerBound), render(range.upperBound))
        return OptionType(
            name: "number", range: isOpen ? "more than \(lower), up to \(upper)" : "\(lower) to \(upper)",
            parse: { input in
                let value: Double? =
                    switch input {
                    case .text(let text): Double(text)
                    case .integer(let value): Double(value)
                    case .table: nil
                    }
                // NaN is in no range.
                guard let value, range ~= value, !isOpen || value > range.lowerBound else { return nil }
                return value
            }, render: { render($0) })
    }

    /// Without ".0", so that what is an integer looks like one.
    private static func render(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}

extension OptionType where Value == String {
    /// Text of so many bytes.
    static func text(_ sizes: ClosedRange<Int>) -> OptionType {
        OptionType(
            name: "text", range: "\(sizes.lowerBound) to \(sizes.upperBound) bytes",
            parse: { input in
                guard let text = input.text, sizes ~= text.utf8.count else { return nil }
                return text
            }, render: { $0 }, mayBeQuoted: false)
    }

    static let secret = OptionType(
        name: "text", range: "any", parse: { $0.text }, render: { _ in "***" }, isSecret: true, mayBeQuoted: false)
}

extension OptionType where Value: Hashable {
    /// One of some words.
    static func choice(_ words: (String, Value)...) -> OptionType {
        OptionType(
            name: "word", range: words.map(\.0).joined(separator: ", "),
            parse: { input in words.first { $0.0 == input.text }?.1 },
            render: { value in words.first { $0.1 == value }?.0 ?? "" })
    }
}

extension OptionType where Value == AMQPTable {
    static let table = OptionType(
        name: "table", range: "any",
        parse: { input in if case .table(let table) = input { table } else { nil } },
        render: { $0.isEmpty ? "empty" : "\($0.count) entries" }, mayBeQuoted: false)
}

extension OptionType where Value == [String: String] {
    static let texts = OptionType(
        name: "table", range: "of strings",
        parse: { input in
            guard case .table(let table) = input else { return nil }
            var texts: [String: String] = [:]
            for (key, value) in table {
                guard let text = value.string else { return nil }
                texts[key] = text
            }
            return texts
        }, render: { $0.isEmpty ? "empty" : "\($0.count) entries" }, mayBeQuoted: false)
}

extension OptionType where Value == AMQPClientConfiguration.FirstConnect {
    static let firstConnect = OptionType(
        name: "milliseconds", range: "1 to 86400000, 0 for one attempt at each endpoint, or none to go on for ever",
        parse: { input in
            if input.isNone { return .keepTrying }
            guard let value = input.integer, 0...86_400_000 ~= value else { return nil }
            return value == 0 ? .once : .within(.milliseconds(value))
        },
        render: { value in
            switch value {
            case .once: "0"
            case .within(let duration): "\(duration.wholeMilliseconds)"
            case .keepTrying: "none"
            }
        })
}

extension OptionType where Value == AMQPPrefetch {
    static let prefetch = OptionType<UInt16>.integer(1...65_535).orNone().map(
        { $0.map { AMQPPrefetch.count($0) } ?? .unlimited },
        { (prefetch: AMQPPrefetch) -> UInt16? in if case .count(let count) = prefetch { count } else { nil } })
}

extension Duration {
    /// Rounded up, saturating.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(
            (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        return sumOverflow ? .max : sum
    }
}
