import CSwiftAMQP
import Glibc
import Testing

@testable import SwiftAMQP
@testable import SwiftAMQPFacade

@Suite("Statuses of errors")
struct StatusTests {
    @Test("what this process lacks to connect is no fault of the peer")
    func resources() {
        let table: [(AMQPError.Code, Int32?, samqp_status)] = [
            (.unreachable, ECONNREFUSED, SAMQP_ERR_CONNECT), (.unreachable, nil, SAMQP_ERR_CONNECT),
            (.unreachable, EMFILE, SAMQP_ERR_NO_MEMORY), (.unreachable, ENFILE, SAMQP_ERR_NO_MEMORY),
            (.unreachable, ENOMEM, SAMQP_ERR_NO_MEMORY), (.unreachable, ENOBUFS, SAMQP_ERR_NO_MEMORY),
            (.connectionLost, ENOMEM, SAMQP_ERR_CONNECTION_LOST), (.channelIDsExhausted, nil, SAMQP_ERR_NO_MEMORY),
        ]
        for (code, number, status) in table {
            let failure = Failure(AMQPError(code, "", systemErrno: number))
            #expect(failure.status == status && failure.cause == status, "\(code) \(number ?? 0)")
        }
    }
}
