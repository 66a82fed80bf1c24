internal import SwiftAMQP

// Texts of callers, checked: names, keys and text properties are UTF-8 of 255 bytes at most (AMQP 0-9-1, section 4.2.5.3).

extension String {
    /// A text of any length that has to be there.
    ///
    /// - Parameter field: What the error calls it.
    init(caller pointer: UnsafePointer<CChar>?, as field: @autoclosure () -> String) throws(Failure) {
        guard let pointer else { throw .missing(field()) }
        guard let text = String(caller: pointer) else { throw .invalidArgument("'\(field())' is not UTF-8") }
        self = text
    }

    /// A name that has to be there; it may be empty.
    init(name pointer: UnsafePointer<CChar>?, as field: @autoclosure () -> String) throws(Failure) {
        let text = try String(caller: pointer, as: field())
        guard text.utf8.count <= WireLimits.maxShortString else {
            throw .invalidArgument("'\(field())' has \(text.utf8.count) bytes; 255 are allowed")
        }
        self = text
    }

    /// A name for which `NULL` stands for the empty one.
    init(optionalName pointer: UnsafePointer<CChar>?, as field: String) throws(Failure) {
        self = pointer == nil ? "" : try String(name: pointer, as: field)
    }

    /// The first so many characters on one line, for errors that quote what a caller wrote.
    func quoted(maximumCount: Int = 64) -> String {
        var line = ""
        for (index, character) in enumerated() {
            guard index < maximumCount else { return "'\(line)...'" }
            let isControl = character.unicodeScalars.contains { $0.value < 0x20 || 0x7F...0x9F ~= $0.value }
            line.append(isControl ? "?" : character)
        }
        return "'\(line)'"
    }
}

extension UnsafeRawBufferPointer {
    /// A caller's bytes; `NULL` only where there are none. A size_t of more than half of the address space arrives negative.
    @inline(__always)
    init(
        caller pointer: UnsafeRawPointer?, length: Int, as field: @autoclosure () -> String
    ) throws(Failure) {
        guard length >= 0 else { throw .invalidArgument("'\(field())' is longer than memory is") }
        guard pointer != nil || length == 0 else {
            throw .invalidArgument("'\(field())' is NULL, and its length is not 0")
        }
        self.init(start: pointer, count: length)
    }
}
