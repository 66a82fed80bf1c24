extension FrameSplitter {
    /// What a connection begins with when it does not begin with a frame.
    package enum ProtocolHeader: Sendable, Equatable {
        /// So far it looks like a header; the rest has not come yet.
        case incomplete
        /// A server that does not speak 0-9-1 answers with the version that it does, and closes
        /// (AMQP 0-9-1, section 4.2.2).
        case version(protocolID: UInt8, major: UInt8, minor: UInt8, revision: UInt8)
    }

    /// The protocol header at the very start of a connection, `nil` when what is there is not one.
    ///
    /// No frame can be mistaken for it: no frame type is the letter A.
    package static func protocolHeader(in bytes: UnsafeRawBufferPointer) -> ProtocolHeader? {
        guard !bytes.isEmpty, zip(bytes, FrameEncoder.protocolHeader.prefix(4)).allSatisfy({ $0 == $1 }) else {
            return nil
        }
        guard bytes.count >= 8 else { return .incomplete }
        return .version(protocolID: bytes[4], major: bytes[5], minor: bytes[6], revision: bytes[7])
    }
}
