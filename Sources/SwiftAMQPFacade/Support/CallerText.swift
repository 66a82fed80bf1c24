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

extension UInt32 {
    /// Refuses bits that mean nothing here: they may mean something to a later version.
    func checkFlags(_ known: UInt32..., of function: String) throws(Failure) {
        let mask = known.reduce(0, |)
        guard self & ~mask == 0 else {
            throw .invalidArgument("flags 0x\(String(self & ~mask, radix: 16)) mean nothing to \(function)")
        }
    }
}

extension [UInt8] {
    /// A copy of a caller's bytes; `NULL` only where there are none.
    init(caller pointer: UnsafeRawPointer?, length: Int, as field: String) throws(Failure) {
        guard let bytes = UnsafeRawBufferPointer(caller: pointer, length: length) else {
            throw .invalidArgument("'\(field)' is NULL, or longer than memory is")
        }
        self.init(bytes)
    }
}

extension UnsafeRawBufferPointer {
    /// A caller's bytes; `nil` if there cannot be so many. A size_t of more than half of the address space arrives negative.
    init?(caller pointer: UnsafeRawPointer?, length: Int) {
        guard length >= 0, pointer != nil || length == 0 else { return nil }
        self.init(start: pointer, count: length)
    }
}

extension UInt32 {
    /// Whether a flag of the header is set.
    func has(_ flag: UInt32) -> Bool { self & flag != 0 }
}
