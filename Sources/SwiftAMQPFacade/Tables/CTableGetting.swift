// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Getting entries of tables, by name or by index.

extension Failure {
    // Made once: headers that are not there are looked for all the time.
    static let notFound = Failure(SAMQP_ERR_NOT_FOUND, "there is no such entry")
    static let wrongType = Failure(SAMQP_ERR_WRONG_TYPE, "the value is of another kind, or does not fit")
}

/// Finds an entry and gives what `convert` makes of its value to `out`.
private func get<Value>(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<Value>?,
    _ convert: (TableEntry) -> Value?
) -> samqp_status {
    status { () throws(Failure) in
        let object = try Handle.require(table, as: TableObject.self, "table")
        guard let out else { throw .missing("out") }
        let entry = key == nil ? object.entry(at: index) : object.entry(named: try String(caller: key, as: "key"))
        guard let entry else { throw .notFound }
        guard let value = convert(entry) else { throw .wrongType }
        out.pointee = value
    }
}

@_cdecl("samqp_table_get_bool") @implementation
public func samqp_table_get_bool(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<Int32>?
) -> samqp_status {
    get(table, key, index, out) { $0.value.bool.map { $0 ? 1 : 0 } }
}

@_cdecl("samqp_table_get_int") @implementation
public func samqp_table_get_int(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<Int64>?
) -> samqp_status {
    get(table, key, index, out) { $0.value.integer }
}

@_cdecl("samqp_table_get_uint64") @implementation
public func samqp_table_get_uint64(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<UInt64>?
) -> samqp_status {
    get(table, key, index, out) { entry in
        if case .uint64(let value) = entry.value { return value }
        return entry.value.integer.flatMap { UInt64(exactly: $0) }
    }
}

@_cdecl("samqp_table_get_double") @implementation
public func samqp_table_get_double(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<Double>?
) -> samqp_status {
    get(table, key, index, out) { entry in
        switch entry.value {
        case .double(let value): value
        case .float(let value): Double(value)
        default: nil
        }
    }
}

@_cdecl("samqp_table_get_decimal") @implementation
public func samqp_table_get_decimal(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ scale: UnsafeMutablePointer<UInt8>?,
    _ value: UnsafeMutablePointer<UInt32>?
) -> samqp_status {
    guard let scale else { return SAMQP_ERR_INVALID_ARGUMENT }
    return get(table, key, index, value) { entry in
        guard case .decimal(let decimal) = entry.value else { return nil }
        scale.pointee = decimal.scale
        return decimal.value
    }
}

@_cdecl("samqp_table_get_string") @implementation
public func samqp_table_get_string(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int,
    _ out: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ length: UnsafeMutablePointer<Int>?
) -> samqp_status {
    get(table, key, index, out) { entry -> UnsafePointer<CChar>?? in
        guard case .string = entry.value, let bytes = entry.bytes else { return nil }
        length?.pointee = bytes.textCount
        return bytes.pointer
    }
}

@_cdecl("samqp_table_get_bytes") @implementation
public func samqp_table_get_bytes(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int,
    _ out: UnsafeMutablePointer<UnsafeRawPointer?>?, _ length: UnsafeMutablePointer<Int>?
) -> samqp_status {
    guard let length else { return SAMQP_ERR_INVALID_ARGUMENT }
    return get(table, key, index, out) { entry -> UnsafeRawPointer?? in
        guard let bytes = entry.bytes else { return nil }
        length.pointee = bytes.count
        return UnsafeRawPointer(bytes.pointer)
    }
}

@_cdecl("samqp_table_get_timestamp") @implementation
public func samqp_table_get_timestamp(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ seconds: UnsafeMutablePointer<UInt64>?
) -> samqp_status {
    get(table, key, index, seconds) { entry in
        if case .timestamp(let time) = entry.value { time.secondsSinceEpoch } else { nil }
    }
}

@_cdecl("samqp_table_get_table") @implementation
public func samqp_table_get_table(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ index: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    get(table, key, index, out) { entry -> OpaquePointer?? in
        guard let nested = entry.table else { return nil }
        return Handle.lend(nested)
    }
}
