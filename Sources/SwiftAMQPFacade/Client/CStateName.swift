// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP

private let names: [ConstantName] = [
    .init(SAMQP_STATE_CONNECTING, "connecting"),
    .init(SAMQP_STATE_OPEN, "open"),
    .init(SAMQP_STATE_RECOVERING, "recovering"),
    .init(SAMQP_STATE_DEGRADED, "degraded"),
    .init(SAMQP_STATE_BLOCKED, "blocked"),
    .init(SAMQP_STATE_CLOSING, "closing"),
    .init(SAMQP_STATE_CLOSED, "closed"),
]

private let unknown = CText("?")

@_cdecl("samqp_state_name") @implementation
public func samqp_state_name(_ state: samqp_state) -> UnsafePointer<CChar>? {
    (names.first { $0.value == state }?.text ?? unknown).pointer
}
