// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import CSwiftAMQP

private let versionText = CText("\(SAMQP_VERSION_MAJOR).\(SAMQP_VERSION_MINOR).\(SAMQP_VERSION_PATCH)")

@_cdecl("samqp_version") @implementation
public func samqp_version() -> UInt32 {
    // Read from the header it was built with; the program may have been built with another one.
    UInt32(clamping: SAMQP_VERSION_MAJOR * 1_000_000 + SAMQP_VERSION_MINOR * 1000 + SAMQP_VERSION_PATCH)
}

@_cdecl("samqp_version_string") @implementation
public func samqp_version_string() -> UnsafePointer<CChar>? { versionText.pointer }
