internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_error` is.
final class ErrorObject: Sendable {
    let status: samqp_status
    let cause: samqp_status
    let replyCode: Int32
    let systemErrno: Int32
    let isRetriable: Bool
    let message: CText
    let endpoint: CText

    init(_ failure: Failure) {
        let error = failure.error
        status = failure.status
        cause = failure.cause
        replyCode = error.replyCode.map(Int32.init) ?? 0
        systemErrno = error.systemErrno ?? 0
        isRetriable = error.isRetriable || failure.status == SAMQP_ERR_TIMEOUT
        message = CText(error.text)
        endpoint = error.endpoint.map { CText($0) } ?? CText.empty
    }
}

/// Where a caller wants the error.
typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>?

/// Runs the body of a function of C that gives a status, and puts its failure where the caller wants it.
@inline(__always)
func status(_ error: ErrorOut = nil, _ body: () throws(Failure) -> Void) -> samqp_status {
    count(error) { () throws(Failure) in
        try body()
        return SAMQP_OK
    }
}

/// As ``status(_:_:)``, for functions that give a number: it, or the status of the failure in its place.
@inline(__always)
func count<Number: SignedInteger & FixedWidthInteger>(
    _ out: ErrorOut = nil, _ body: () throws(Failure) -> Number
) -> Number {
    out?.pointee = nil
    do throws(Failure) {
        guard !Fork.isChild else { throw Failure.forked }
        return try body()
    } catch {
        out?.pointee = Handle.make(ErrorObject(error))
        return Number(truncatingIfNeeded: error.status)
    }
}

/// Runs what throws an error of the Swift API.
@inline(__always)
func mapped<Value>(_ body: () throws(AMQPError) -> Value) throws(Failure) -> Value {
    do throws(AMQPError) {
        return try body()
    } catch {
        throw Failure(error)
    }
}
