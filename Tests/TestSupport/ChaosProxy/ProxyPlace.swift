/// Where a proxy listens. Its own connections to the broker are made from this process's network in any case.
package enum ProxyPlace: Sendable {
    case loopback
    /// In another network, so that all that clients send to it passes the kernel's faults there.
    case namespace(NetworkNamespace)

    /// The address that clients connect to.
    package var host: String {
        switch self {
        case .loopback: "127.0.0.1"
        case .namespace(let namespace): namespace.far
        }
    }

    func listen() throws(HarnessError) -> (descriptor: Int32, port: UInt16) {
        switch self {
        case .loopback: try LoopbackPort.listen()
        case .namespace(let namespace):
            try namespace.inside { () throws(HarnessError) in try LoopbackPort.listen(address: .any) }
        }
    }

    func bound(to port: UInt16) throws(HarnessError) -> Int32 {
        switch self {
        case .loopback: try LoopbackPort.bound(to: port)
        case .namespace(let namespace):
            try namespace.inside { () throws(HarnessError) in try LoopbackPort.bound(to: port, address: .any) }
        }
    }
}
