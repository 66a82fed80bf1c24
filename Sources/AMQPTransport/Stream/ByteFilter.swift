/// What stands between the outbox and the socket: nothing for plain TCP, TLS where the connection is encrypted.
///
/// A filter sees plain bytes on one side and wire bytes on the other. It is called on the loop's thread only, and a
/// stream that has one writes on the loop's thread only: that is the price of its state.
package protocol ByteFilter: AnyObject, Sendable {
    /// Called once, when the socket is connected. What it puts into `wire` is sent first (a ClientHello).
    func start(wire: inout [UInt8])

    /// Turns plain bytes into wire bytes. Gives how many it took: fewer than all, or none, while it cannot go on.
    func encode(_ plain: UnsafeRawBufferPointer, wire: inout [UInt8]) throws(ByteFilterError) -> Int

    /// Turns wire bytes into plain bytes; `wire` takes what has to be answered (a handshake message, an alert).
    /// Gives how many it took; a filter that has to wait for more keeps what it took.
    func decode(
        _ bytes: UnsafeRawBufferPointer, plain: inout [UInt8], wire: inout [UInt8]
    ) throws(ByteFilterError) -> Int
}

/// Why a filter cannot go on; the stream closes with it.
package struct ByteFilterError: Error, Sendable, Equatable {
    /// What happened, without secrets.
    package let text: String

    package init(text: String) { self.text = text }
}
