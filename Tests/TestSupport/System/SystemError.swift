import Glibc

/// The system's text for an `errno`, with its number.
func errorText(_ code: Int32) -> String {
    // The buffer is the caller's, so threads do not share it as they would with strerror.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
            return "errno \(code)"
        }
        return "\(String(cString: base)) (errno \(code))"
    }
}

/// Turns the -1 of a system call into an error that says which call it was.
@discardableResult
func check(_ result: Int32, _ call: @autoclosure () -> String) throws(HarnessError) -> Int32 {
    if result >= 0 { return result }
    let code = errno
    throw HarnessError(.system(errno: code), call())
}
