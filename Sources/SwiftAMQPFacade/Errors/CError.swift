// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP

// The functions of `samqp_error`.

@_cdecl("samqp_error_code") @implementation
public func samqp_error_code(_ error: OpaquePointer?) -> samqp_status {
    Handle.get(error, as: ErrorObject.self)?.status ?? SAMQP_OK
}

@_cdecl("samqp_error_cause") @implementation
public func samqp_error_cause(_ error: OpaquePointer?) -> samqp_status {
    Handle.get(error, as: ErrorObject.self)?.cause ?? SAMQP_OK
}

@_cdecl("samqp_error_message") @implementation
public func samqp_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    (Handle.get(error, as: ErrorObject.self)?.message ?? CText.empty).pointer
}

@_cdecl("samqp_error_reply_code") @implementation
public func samqp_error_reply_code(_ error: OpaquePointer?) -> Int32 {
    Handle.get(error, as: ErrorObject.self)?.replyCode ?? 0
}

@_cdecl("samqp_error_errno") @implementation
public func samqp_error_errno(_ error: OpaquePointer?) -> Int32 {
    Handle.get(error, as: ErrorObject.self)?.systemErrno ?? 0
}

@_cdecl("samqp_error_endpoint") @implementation
public func samqp_error_endpoint(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    (Handle.get(error, as: ErrorObject.self)?.endpoint ?? CText.empty).pointer
}

@_cdecl("samqp_error_is_retriable") @implementation
public func samqp_error_is_retriable(_ error: OpaquePointer?) -> Int32 {
    Handle.get(error, as: ErrorObject.self)?.isRetriable == true ? 1 : 0
}

@_cdecl("samqp_error_free") @implementation
public func samqp_error_free(_ error: OpaquePointer?) { Handle.free(error, as: ErrorObject.self) }
