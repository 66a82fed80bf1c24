import AMQPWire
import Testing

@Suite("Properties") struct PropertiesTests {
    @Test("each property alone", arguments: Samples.eachProperty)
    func alone(_ properties: AMQPProperties) throws {
        let encoded = try publish(properties)
        #expect(encoded.header == properties)
        // A flag each, and no two the same.
        #expect((Int(encoded.properties[0]) << 8 | Int(encoded.properties[1])).nonzeroBitCount == 1)
    }

    @Test("every pair of properties")
    func pairs() throws {
        for first in Samples.eachProperty {
            for second in Samples.eachProperty {
                var both = first
                if let value = second.contentType { both.contentType = value }
                if let value = second.contentEncoding { both.contentEncoding = value }
                if !second.headers.isEmpty { both.headers = second.headers }
                if let value = second.deliveryMode { both.deliveryMode = value }
                if let value = second.priority { both.priority = value }
                if let value = second.correlationID { both.correlationID = value }
                if let value = second.replyTo { both.replyTo = value }
                if let value = second.expiration { both.expiration = value }
                if let value = second.messageID { both.messageID = value }
                if let value = second.timestamp { both.timestamp = value }
                if let value = second.type { both.type = value }
                if let value = second.userID { both.userID = value }
                if let value = second.appID { both.appID = value }
                if let value = second.clusterID { both.clusterID = value }
                #expect(try publish(both).header == both)
            }
        }
    }

    @Test("all at once, and none")
    func extremes() throws {
        #expect(try publish(Samples.allProperties).header == Samples.allProperties)
        let none = try publish()
        #expect(none.header == AMQPProperties())
        #expect(none.properties == [0, 0])
    }

    @Test("any octet is a delivery mode")
    func deliveryModes() throws {
        for octet in UInt8.min...UInt8.max {
            let mode = AMQPDeliveryMode(rawValue: octet)
            #expect(try publish(AMQPProperties(deliveryMode: mode)).header.deliveryMode == mode)
        }
    }

    @Test("properties are values: a copy does not see a later change")
    func copyOnWrite() {
        var one = AMQPProperties(messageID: "1")
        let two = one
        one.messageID = "2"
        one.headers["a"] = 1
        #expect(two.messageID == "1")
        #expect(two.headers.isEmpty)
        #expect(one.messageID == "2")
        #expect(one != two)
    }

    @Test("properties that were taken away again equal those that never were")
    func normalForm() {
        var properties = AMQPProperties(deliveryMode: .persistent, type: "t")
        properties.headers["a"] = 1
        properties.type = nil
        properties.headers = [:]
        properties.appID = nil
        #expect(properties == AMQPProperties(deliveryMode: .persistent))
        #expect(properties.hashValue == AMQPProperties(deliveryMode: .persistent).hashValue)
    }

    @Test("properties are small")
    func size() {
        #expect(MemoryLayout<AMQPProperties>.size <= 16)
        #expect(MemoryLayout<AMQPTable>.size == MemoryLayout<Int>.size)
    }

    @Test("short strings of 255 bytes pass, and 256 are refused before anything is written")
    func lengths() throws {
        let longest = String(repeating: "x", count: 255)
        let tooLong = String(repeating: "x", count: 256)
        #expect(try publish(AMQPProperties(correlationID: longest)).header.correlationID == longest)
        var all: [AMQPProperties] = []
        all.append(AMQPProperties(contentType: tooLong))
        all.append(AMQPProperties(contentEncoding: tooLong))
        all.append(AMQPProperties(correlationID: tooLong))
        all.append(AMQPProperties(replyTo: tooLong))
        all.append(AMQPProperties(expiration: tooLong))
        all.append(AMQPProperties(messageID: tooLong))
        all.append(AMQPProperties(type: tooLong))
        all.append(AMQPProperties(userID: tooLong))
        all.append(AMQPProperties(appID: tooLong))
        all.append(AMQPProperties(clusterID: tooLong))
        for properties in all {
            #expect(wireError { _ = try publish(properties) }?.kind == .shortStringTooLong)
        }
    }
}
