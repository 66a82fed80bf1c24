internal import CSwiftAMQP
internal import Glibc

/// A struct of C that begins with `struct_size` and grows at its end. Library and program may be built with different
/// headers: each fills and reads what both know.
protocol SizedStruct {
    init()
    /// How many bytes its first version has.
    static var firstSize: Int { get }
    static var typeName: String { get }
}

extension SizedStruct {
    /// How many bytes there are up to the end of a field.
    static func size<Field>(through field: KeyPath<Self, Field>) -> Int {
        (MemoryLayout<Self>.offset(of: field) ?? MemoryLayout<Self>.size) + MemoryLayout<Field>.size
    }
}

extension samqp_stats: SizedStruct {
    static var firstSize: Int { size(through: \.events_dropped) }
    static let typeName = "samqp_stats"
}

extension samqp_drain_report: SizedStruct {
    static var firstSize: Int { size(through: \.reserved) }
    static let typeName = "samqp_drain_report"
}

extension samqp_queue_info: SizedStruct {
    static var firstSize: Int { size(through: \.name) }
    static let typeName = "samqp_queue_info"
}

extension samqp_properties: SizedStruct {
    static var firstSize: Int { size(through: \.reserved) }
    static let typeName = "samqp_properties"
}

/// Reads and writes structs of callers.
///
/// Invariant of the pointers: a caller's struct has as many bytes as its `struct_size` says, which is what the header asks.
/// Nothing beyond is touched, and `struct_size` alone is read before it is checked.
enum OutputStruct {
    /// No version will be larger. What is, is not a size but what was on the caller's stack.
    private static let largestSize = 65_536

    /// How many bytes the caller's struct has.
    static func size<Struct: SizedStruct>(of pointer: UnsafePointer<Struct>) throws(Failure) -> Int {
        let size = UnsafeRawPointer(pointer).load(as: Int.self)
        guard size >= Struct.firstSize, size <= largestSize else {
            throw .invalidArgument(
                "struct_size of \(Struct.typeName) is \(size); it must be sizeof(\(Struct.typeName)), which is "
                    + "\(MemoryLayout<Struct>.size) in this version and \(Struct.firstSize) at least")
        }
        return size
    }

    /// Fills the caller's struct: what both know with `value`, the rest of it with zeros.
    static func fill<Struct: SizedStruct>(
        _ out: UnsafeMutablePointer<Struct>?, _ value: Struct
    ) throws(Failure) {
        guard let out else { throw .missing("out") }
        let size = try size(of: UnsafePointer(out))
        let known = min(size, MemoryLayout<Struct>.size)
        let target = UnsafeMutableRawPointer(out)
        withUnsafeBytes(of: value) { source in
            if let base = source.baseAddress { memcpy(target, base, known) }
        }
        memset(target + known, 0, size - known)
        target.storeBytes(of: size, as: Int.self)
    }

    /// What the caller's struct says, with zeros for what it does not have.
    ///
    /// - Throws: If it says more than this version knows.
    static func read<Struct: SizedStruct>(_ pointer: UnsafePointer<Struct>) throws(Failure) -> Struct {
        let size = try size(of: pointer)
        let known = min(size, MemoryLayout<Struct>.size)
        var value = Struct()
        withUnsafeMutableBytes(of: &value) { target in
            if let base = target.baseAddress { memcpy(base, pointer, known) }
        }
        if size > known {
            let tail = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer) + known, count: size - known)
            guard tail.allSatisfy({ $0 == 0 }) else {
                throw .invalidArgument(
                    "\(Struct.typeName) has fields that this version of the library does not know, and that are not zero"
                )
            }
        }
        return value
    }
}
