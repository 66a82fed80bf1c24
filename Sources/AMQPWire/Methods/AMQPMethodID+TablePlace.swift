/// Where the table of a method lies, so that it can be checked before rabbitmq-c sees it.
struct TablePlace {
    /// The bytes of fixed size before the short strings.
    let before: Int
    /// How many short strings stand between.
    let shortStrings: Int
    /// The bytes of fixed size after them: the bits.
    let after: Int

    /// Where the table begins in the arguments of a method.
    func offset(in arguments: UnsafeRawBufferPointer, of id: AMQPMethodID) throws(WireError) -> Int {
        var offset = before
        for _ in 0..<shortStrings {
            guard offset < arguments.count else { throw WireDecoder.malformed(id.name) }
            offset += 1 + Int(arguments[offset])
        }
        return offset + after
    }
}

extension AMQPMethodID {
    /// The place of the table of this method, `nil` when it has none.
    var tablePlace: TablePlace? {
        switch self {
        case .connectionStart: TablePlace(before: 2, shortStrings: 0, after: 0)
        case .connectionStartOK: TablePlace(before: 0, shortStrings: 0, after: 0)
        case .queueDeclare: TablePlace(before: 2, shortStrings: 1, after: 1)
        case .exchangeDeclare, .basicConsume: TablePlace(before: 2, shortStrings: 2, after: 1)
        case .queueBind, .exchangeBind, .exchangeUnbind: TablePlace(before: 2, shortStrings: 3, after: 1)
        case .queueUnbind: TablePlace(before: 2, shortStrings: 3, after: 0)
        default: nil
        }
    }
}
