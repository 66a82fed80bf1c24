extension UInt32 {
    /// Whether a flag of the header is set.
    @inline(__always)
    func has(_ flag: UInt32) -> Bool { self & flag != 0 }

    /// Refuses bits that mean nothing here: they may mean something to a later version.
    @inline(__always)
    func checkFlags(_ known: UInt32, of function: @autoclosure () -> String) throws(Failure) {
        guard self & ~known == 0 else {
            throw .invalidArgument("flags 0x\(String(self & ~known, radix: 16)) mean nothing to \(function())")
        }
    }
}
