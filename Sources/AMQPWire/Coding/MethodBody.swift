internal import CRabbitMQ

/// The arguments of a method that rabbitmq-c knows. The id and the C struct are tied together here and nowhere else,
/// because rabbitmq-c takes and returns a `void *` that is exactly the struct of its id.
protocol MethodBody {
    associatedtype Raw
    static var id: AMQPMethodID { get }
    /// The C struct, with strings and tables in `arena`. Called twice: see ``WireArena``.
    func raw(in arena: inout WireArena) -> Raw
    init(_ raw: Raw) throws(WireError)
}

/// Encodes one method in two passes: see ``WireArena``.
struct MethodEncoder {
    var arena: WireArena
    /// Where the arguments go, behind the method's id; `nil` in the first pass.
    let output: UnsafeMutableRawBufferPointer?
    /// What rabbitmq-c said: the number of bytes, or a negative status.
    private(set) var status: Int32 = 0

    init(arena: WireArena, output: UnsafeMutableRawBufferPointer?) {
        self.arena = arena
        self.output = output
    }

    mutating func encode<Body: MethodBody>(_ body: Body) {
        encode(body.raw(in: &arena), as: Body.id)
    }

    mutating func encode<Raw>(_ raw: Raw, as id: AMQPMethodID) {
        // A table that could not be built must not reach rabbitmq-c.
        guard let output, !arena.hasFailed else { return }
        var raw = raw
        status = withUnsafeMutablePointer(to: &raw) { raw in
            amqp_encode_method(id.rawValue, raw, amqp_bytes_t(len: output.count, bytes: output.baseAddress))
        }
    }

    /// `connection.update-secret`, which rabbitmq-c 0.11 does not know.
    mutating func encode(_ body: AMQPMethod.ConnectionUpdateSecret) {
        let secret = arena.bytes(body.newSecret)
        let reason = arena.shortString(body.reason, "reason")
        guard let output, let start = output.baseAddress else { return }
        guard output.count >= 5 + secret.len + reason.len, let secretLength = UInt32(exactly: secret.len),
            let secretBytes = secret.bytes, let reasonBytes = reason.bytes
        else {
            status = Int32(AMQP_STATUS_TABLE_TOO_BIG.rawValue)
            return
        }
        start.storeBytes(of: secretLength.bigEndian, as: UInt32.self)
        (start + 4).copyMemory(from: secretBytes, byteCount: secret.len)
        start.storeBytes(of: UInt8(truncatingIfNeeded: reason.len), toByteOffset: 4 + secret.len, as: UInt8.self)
        (start + 5 + secret.len).copyMemory(from: reasonBytes, byteCount: reason.len)
        status = Int32(truncatingIfNeeded: 5 + secret.len + reason.len)
    }
}

extension AMQPMethod.ConnectionUpdateSecret {
    /// By hand, as rabbitmq-c 0.11 does not know the method.
    init(decoding arguments: UnsafeRawBufferPointer) throws(WireError) {
        guard arguments.count >= 4,
            let length = Int(exactly: UInt32(bigEndian: arguments.loadUnaligned(as: UInt32.self))),
            arguments.count - 5 >= length,
            arguments.count - 5 - length >= Int(arguments[4 + length])
        else {
            throw WireError(.syntaxError, "connection.update-secret is cut short")
        }
        let reason = arguments[(5 + length)..<(5 + length + Int(arguments[4 + length]))]
        self.init(newSecret: Array(arguments[4..<(4 + length)]), reason: String(decoding: reason, as: UTF8.self))
    }
}
