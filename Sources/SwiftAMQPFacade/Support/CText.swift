internal import Glibc

/// A text of C, with the zero at its end, that lives as long as this object.
///
/// Invariant of the pointer: allocated in `init` with one byte more than the text has, never changed, freed in `deinit`.
final class CText: @unchecked Sendable {
    let pointer: UnsafePointer<CChar>

    /// A text ends at its first zero byte.
    init(_ text: String) {
        let bytes = text.utf8.prefix { $0 != 0 }
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        var end = memory
        for byte in bytes {
            end.initialize(to: CChar(bitPattern: byte))
            end += 1
        }
        end.initialize(to: 0)
        pointer = UnsafePointer(memory)
    }

    deinit { pointer.deallocate() }

    /// "", for as long as the process lives.
    static let empty = CText("")
}

extension String {
    /// The text of a caller; `nil` if it is not UTF-8.
    ///
    /// - Parameter pointer: Ends with a zero, as the header says.
    init?(caller pointer: UnsafePointer<CChar>) {
        self.init(validatingCString: pointer)
    }
}
