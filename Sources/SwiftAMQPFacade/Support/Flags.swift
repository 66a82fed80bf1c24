/// Refuses flags that a function does not know: they may mean something in a later version, and must not be ignored in this one.
func check(_ flags: UInt32, known: UInt32) throws(Failure) {
    guard flags & ~known == 0 else {
        throw .invalidArgument("flags 0x\(String(flags & ~known, radix: 16)) are not known to this function")
    }
}
