import TestSupport
import Testing

@Suite struct WireTests {
    @Test func aTableComesBackAsItWas() throws {
        let table: [WireField] = [
            WireField("flag", .bool(true)), WireField("b", .int8(-1)), WireField("B", .uint8(255)),
            WireField("s", .int16(-2)), WireField("u", .uint16(65535)), WireField("I", .int32(-3)),
            WireField("i", .uint32(.max)), WireField("l", .int64(.min)), WireField("L", .uint64(.max)),
            WireField("f", .float(Float(1.5).bitPattern)), WireField("d", .double(Double(2.5).bitPattern)),
            WireField("D", .decimal(scale: 2, 12345)), WireField("S", .string("grün")), WireField("x", .bytes([0xFF])),
            WireField("T", .timestamp(1_700_000_000)), WireField("V", .void),
            WireField("A", .array([.int32(1), .table([WireField("deep", .array([]))])])),
        ]
        var writer = WireWriter()
        writer.table(table)
        var reader = WireReader(writer.bytes)
        #expect(try reader.table() == .table(table))
        #expect(reader.isAtEnd)
    }

    @Test func bytesAreAsTheProtocolSaysThem() {
        #expect(
            WireFrame.method(1, .basicAck) {
                $0.u64(3)
                $0.bits(true)
            }.bytes == [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0xCE])
        #expect(WireFrame.heartbeatFrame.bytes == [8, 0, 0, 0, 0, 0, 0, 0xCE])
    }

    @Test func bitsOfAMethodShareAByte() throws {
        let frame = WireFrame.method(2, .queueDeclare) {
            $0.u16(0)
            $0.shortString("q")
            $0.bits(false, true, false, true, false)
            $0.table([WireField("x-queue-type", .string("quorum"))])
        }
        #expect(
            frame.description == "queue.declare ch2 queue='q' passive=false durable=true exclusive=false "
                + "autoDelete=true noWait=false arguments={x-queue-type='quorum'}")
    }

    @Test func whatIsMalformedIsSaidToBe() {
        #expect(WireFrame(type: 1, channel: 1, payload: [0, 60, 0, 80, 1]).description.contains("malformed"))
        #expect(WireFrame(type: 1, channel: 1, payload: [0, 99, 0, 1]).description.contains("unknown method 99.1"))
        #expect(throws: HarnessError.self) { try FrameLog.frames(in: [1, 0, 0, 0, 0, 0, 0, 0xCD]) }
        #expect(throws: HarnessError.self) { try FrameLog.frames(in: [7, 0, 0, 0, 0, 0, 0, 0xCE]) }
    }

    @Test func lengthsCanLie() {
        var writer = WireWriter()
        writer.shortString("abc", length: 200)
        writer.table([], length: .max)
        #expect(writer.bytes == [200, 97, 98, 99, 255, 255, 255, 255])
    }
}
