internal import CPlatform

/// A system call that failed.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The error number, errno(3).
    package let errno: Int32
    /// The call, for example `connect`.
    package let call: StaticString

    package init(errno: Int32, call: StaticString) {
        self.errno = errno
        self.call = call
    }

    /// For example `connect: Connection refused (111)`.
    package var description: String { "\(call): \(Self.text(of: errno)) (\(errno))" }

    /// The text of an error number alone, as strerror(3) has it.
    package static func text(of errno: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            cplatform_strerror(errno, base, buffer.count)
            return String(cString: base)
        }
    }

    /// The number counts; the call is there for people.
    package static func == (left: Self, right: Self) -> Bool { left.errno == right.errno }

    /// What the shim returned, or the error that it returned as a negative number.
    static func check(_ result: Int32, _ call: StaticString) throws(SystemError) -> Int32 {
        guard result < 0 else { return result }
        throw SystemError(errno: 0 &- result, call: call)
    }
}
