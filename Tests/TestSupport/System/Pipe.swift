import Glibc

/// A one-way stream between two descriptors that no child inherits unless it is given them.
///
/// It is a socket pair, because that is what the Glibc module can create with close-on-exec in one step: set in a second
/// step, a child that another thread starts in between would keep the end open, and nobody would ever see its close.
package struct Pipe: Sendable {
    package let readEnd: Int32
    package let writeEnd: Int32

    package init() throws(HarnessError) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try check(socketpair(AF_UNIX, type, 0, &ends), "socketpair")
        readEnd = ends[0]
        writeEnd = ends[1]
    }
}
