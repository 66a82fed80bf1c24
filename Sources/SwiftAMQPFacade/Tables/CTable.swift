// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP

// Making and freeing tables, and looking at their entries.

@_cdecl("samqp_table_new") @implementation
public func samqp_table_new() -> OpaquePointer? {
    Fork.isChild ? nil : Handle.make(TableObject())
}

@_cdecl("samqp_table_copy") @implementation
public func samqp_table_copy(_ table: OpaquePointer?) -> OpaquePointer? {
    guard !Fork.isChild, let object = Handle.get(table, as: TableObject.self) else { return nil }
    return Handle.make(TableObject(copying: object))
}

@_cdecl("samqp_table_free") @implementation
public func samqp_table_free(_ table: OpaquePointer?) { Handle.free(table, as: TableObject.self) }

@_cdecl("samqp_table_count") @implementation
public func samqp_table_count(_ table: OpaquePointer?) -> Int {
    Handle.get(table, as: TableObject.self)?.entries.count ?? 0
}

@_cdecl("samqp_table_key_at") @implementation
public func samqp_table_key_at(_ table: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    Handle.get(table, as: TableObject.self)?.entry(at: index)?.name.pointer
}

@_cdecl("samqp_table_kind_at") @implementation
public func samqp_table_kind_at(_ table: OpaquePointer?, _ index: Int) -> samqp_kind {
    Handle.get(table, as: TableObject.self)?.entry(at: index)?.value.kind ?? 0
}

@_cdecl("samqp_table_kind") @implementation
public func samqp_table_kind(_ table: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> samqp_kind {
    guard let object = Handle.get(table, as: TableObject.self), let key, let name = String(caller: key) else {
        return 0
    }
    return object.entry(named: name)?.value.kind ?? 0
}
