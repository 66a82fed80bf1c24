import CSwiftAMQP
import Testing

/// What a call that failed said.
struct Said {
    var status: samqp_status
    var code: samqp_status = SAMQP_OK
    var cause: samqp_status = SAMQP_OK
    var replyCode: Int32 = 0
    var message = ""
}

/// Calls a function whose last parameter is an error, takes that apart and frees it.
func call(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UnsafeMutablePointer<OpaquePointer?>) -> samqp_status
) -> Said {
    // What was there before must not stay.
    var error = OpaquePointer(bitPattern: 1)
    var said = Said(status: body(&error))
    #expect((error == nil) == (said.status >= 0), "an error, exactly if it failed", sourceLocation: sourceLocation)
    said.code = samqp_error_code(error)
    said.cause = samqp_error_cause(error)
    said.replyCode = samqp_error_reply_code(error)
    said.message = text(samqp_error_message(error)) ?? ""
    samqp_error_free(error)
    return said
}

/// Calls it and expects it to work.
func expectOK(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UnsafeMutablePointer<OpaquePointer?>) -> samqp_status
) {
    let said = call(sourceLocation: sourceLocation, body)
    #expect(said.status == SAMQP_OK, "\(said.message)", sourceLocation: sourceLocation)
}

func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }

/// Not UTF-8, with the zero at its end.
let badText: [CChar] = [CChar(bitPattern: 0xC3), CChar(bitPattern: 0x28), 0]

/// One byte more than a name may have.
let longText = String(repeating: "x", count: 256)

/// A table that is freed with the scope.
func withTable<Value>(_ body: (OpaquePointer) throws -> Value) throws -> Value {
    let table = try #require(samqp_table_new())
    defer { samqp_table_free(table) }
    return try body(table)
}
