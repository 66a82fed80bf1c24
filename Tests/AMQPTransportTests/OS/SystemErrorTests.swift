import AMQPTransport
import Glibc
import Testing

@Suite struct SystemErrorTests {
    @Test func saysWhatFailedAndWhy() {
        let error = SystemError(errno: ECONNREFUSED, call: "connect")
        #expect(error.description == "connect: Connection refused (\(ECONNREFUSED))")
    }

    @Test(arguments: [Int32.min, -1, 0, 4095, .max]) func anyNumberHasAText(number: Int32) {
        #expect(!SystemError.text(of: number).isEmpty)
    }
}
