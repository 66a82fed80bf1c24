// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

@_cdecl("samqp_options_new") @implementation
public func samqp_options_new() -> OpaquePointer? {
    Fork.isChild ? nil : Handle.make(OptionsObject())
}

@_cdecl("samqp_options_copy") @implementation
public func samqp_options_copy(_ options: OpaquePointer?) -> OpaquePointer? {
    guard !Fork.isChild, let object = Handle.get(options, as: OptionsObject.self) else { return nil }
    return Handle.make(OptionsObject(copying: object))
}

@_cdecl("samqp_options_free") @implementation
public func samqp_options_free(_ options: OpaquePointer?) { Handle.free(options, as: OptionsObject.self) }

private func set(
    _ options: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ error: ErrorOut,
    _ input: () throws(Failure) -> OptionInput
) -> samqp_status {
    status(error) { () throws(Failure) in
        let object = try Handle.require(options, as: OptionsObject.self, "options")
        try object.set(try String(caller: key, as: "key"), try input())
    }
}

@_cdecl("samqp_options_set") @implementation
public func samqp_options_set(
    _ options: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    set(options, key, error) { () throws(Failure) in .text(try String(caller: value, as: "value")) }
}

@_cdecl("samqp_options_set_int") @implementation
public func samqp_options_set_int(
    _ options: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    set(options, key, error) { () throws(Failure) in .integer(value) }
}

@_cdecl("samqp_options_set_table") @implementation
public func samqp_options_set_table(
    _ options: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: OpaquePointer?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    set(options, key, error) { () throws(Failure) in
        guard value != nil else { throw .missing("value") }
        return .table(try AMQPTable(callerTable: value))
    }
}

@_cdecl("samqp_options_add_endpoint") @implementation
public func samqp_options_add_endpoint(
    _ options: OpaquePointer?, _ uri: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let object = try Handle.require(options, as: OptionsObject.self, "options")
        let text = try String(caller: uri, as: "uri")
        object.add(try mapped { () throws(AMQPError) in try AMQPConfiguration(url: text) })
    }
}

@_cdecl("samqp_options_set_topology") @implementation
public func samqp_options_set_topology(_ options: OpaquePointer?, _ topology: OpaquePointer?) -> samqp_status {
    status { () throws(Failure) in
        let object = try Handle.require(options, as: OptionsObject.self, "options")
        object.topology = Handle.get(topology, as: TopologyObject.self)?.topology ?? AMQPTopology()
    }
}

@_cdecl("samqp_options_key") @implementation
public func samqp_options_key(_ index: Int) -> UnsafePointer<CChar>? {
    let all = OptionKey.all
    return all.indices.contains(index) ? all[index].nameText.pointer : nil
}

@_cdecl("samqp_options_help") @implementation
public func samqp_options_help(_ key: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
    guard let key, let name = String(caller: key) else { return nil }
    return OptionKey.byName[name]?.line.pointer
}
