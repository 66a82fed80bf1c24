/// What a frame is. The protocol header, which is no frame, counts as one.
package enum FrameKind: Sendable, Hashable {
    case protocolHeader
    case method(WireMethodID)
    case header
    case body
    case heartbeat
}

extension FrameKind: CustomStringConvertible {
    /// For example `60.80`, `header`, `protocol`.
    package var description: String {
        switch self {
        case .protocolHeader: "protocol"
        case .method(let id): "\(id.classID).\(id.methodID)"
        case .header: "header"
        case .body: "body"
        case .heartbeat: "heartbeat"
        }
    }

    /// The name of a method (`basic.ack`), where it has one.
    package var name: String {
        if case .method(let id) = self, let entry = WireMethodCatalog.entries[id] { entry.name } else { description }
    }

    /// Reads what ``description`` or ``name`` writes.
    package init?(_ text: some StringProtocol) {
        switch text {
        case "protocol": self = .protocolHeader
        case "header": self = .header
        case "body": self = .body
        case "heartbeat": self = .heartbeat
        default:
            let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
            if numbers.count == 2, let classID = UInt16(numbers[0]), let methodID = UInt16(numbers[1]) {
                self = .method(WireMethodID(classID, methodID))
            } else if let id = WireMethodCatalog.entries.first(where: { $0.value.name == text })?.key {
                self = .method(id)
            } else {
                return nil
            }
        }
    }
}
