// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Setting entries of tables.

/// The table, and the key: `nil` for an entry of a list.
private func target(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?
) throws(Failure) -> (TableObject, String?) {
    let object = try Handle.require(table, as: TableObject.self, "table")
    return (object, key == nil ? nil : try String(name: key, as: "key"))
}

private func set(_ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: AMQPFieldValue) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        object.set(name, value)
    }
}

@_cdecl("samqp_table_set_bool") @implementation
public func samqp_table_set_bool(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: Int32
) -> samqp_status {
    set(table, key, .bool(value != 0))
}

@_cdecl("samqp_table_set_int") @implementation
public func samqp_table_set_int(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: Int64, _ kind: samqp_kind
) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        guard let number = AMQPFieldValue(integer: value, kind: kind) else {
            throw .invalidArgument("\(value) does not fit into the kind \(kind), or that is none of an integer")
        }
        object.set(name, number)
    }
}

@_cdecl("samqp_table_set_uint64") @implementation
public func samqp_table_set_uint64(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UInt64
) -> samqp_status {
    set(table, key, .uint64(value))
}

@_cdecl("samqp_table_set_double") @implementation
public func samqp_table_set_double(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: Double, _ kind: samqp_kind
) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        guard value.isFinite else { throw .invalidArgument("RabbitMQ can read neither infinities nor NaN") }
        switch kind {
        case SAMQP_KIND_DOUBLE: object.set(name, .double(value))
        case SAMQP_KIND_FLOAT:
            // What is too large for it becomes infinite.
            guard Float(value).isFinite else { throw .invalidArgument("\(value) does not fit into SAMQP_KIND_FLOAT") }
            object.set(name, .float(Float(value)))
        default: throw .invalidArgument("kind \(kind) is neither SAMQP_KIND_DOUBLE nor SAMQP_KIND_FLOAT")
        }
    }
}

@_cdecl("samqp_table_set_decimal") @implementation
public func samqp_table_set_decimal(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ scale: UInt8, _ value: UInt32
) -> samqp_status {
    set(table, key, .decimal(AMQPDecimal(scale: scale, value: value)))
}

@_cdecl("samqp_table_set_string") @implementation
public func samqp_table_set_string(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        object.set(name, .string(try String(caller: value, as: "value")))
    }
}

@_cdecl("samqp_table_set_bytes") @implementation
public func samqp_table_set_bytes(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafeRawPointer?, _ length: Int
) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        object.set(name, .bytes([UInt8](try UnsafeRawBufferPointer(caller: value, length: length, as: "value"))))
    }
}

@_cdecl("samqp_table_set_timestamp") @implementation
public func samqp_table_set_timestamp(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ seconds: UInt64
) -> samqp_status {
    set(table, key, .timestamp(AMQPTimestamp(secondsSinceEpoch: seconds)))
}

@_cdecl("samqp_table_set_void") @implementation
public func samqp_table_set_void(_ table: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> samqp_status {
    set(table, key, .void)
}

/// Puts a copy of `value` in, unless that nests too deep: such a table could be neither sent nor taken apart.
private func nest(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: OpaquePointer?,
    _ convert: (TableObject) throws(Failure) -> AMQPFieldValue
) -> samqp_status {
    status { () throws(Failure) in
        let (object, name) = try target(table, key)
        let nested = try Handle.require(value, as: TableObject.self, "value")
        let depth = nested.depth
        guard depth < WireLimits.standard.maxTableDepth else {
            throw .invalidArgument("tables nest \(WireLimits.standard.maxTableDepth) levels deep at most")
        }
        object.set(name, try convert(nested), depth: depth)
    }
}

@_cdecl("samqp_table_set_table") @implementation
public func samqp_table_set_table(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: OpaquePointer?
) -> samqp_status {
    nest(table, key, value) { (nested) throws(Failure) in .table(try nested.table()) }
}

@_cdecl("samqp_table_set_array") @implementation
public func samqp_table_set_array(
    _ table: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: OpaquePointer?
) -> samqp_status {
    nest(table, key, value) { (nested) throws(Failure) in .array(nested.array) }
}

@_cdecl("samqp_table_remove") @implementation
public func samqp_table_remove(_ table: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> samqp_status {
    status { () throws(Failure) in
        let object = try Handle.require(table, as: TableObject.self, "table")
        guard object.remove(try String(caller: key, as: "key")) else { throw .notFound }
    }
}
