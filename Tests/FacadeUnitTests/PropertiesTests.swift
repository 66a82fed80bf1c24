import CSwiftAMQP
import SwiftAMQP
import Testing

@testable import SwiftAMQPFacade

@Suite("Properties of C")
struct PropertiesTests {
    private static let size = MemoryLayout<samqp_properties>.size

    private static var empty: samqp_properties {
        var properties = samqp_properties()
        properties.struct_size = size
        return properties
    }

    @Test("without properties, and with none set, a message is persistent")
    func defaults() throws {
        #expect(try AMQPProperties(caller: nil) == .persistent)
        var properties = Self.empty
        #expect(try AMQPProperties(caller: &properties) == .persistent)
        properties.delivery_mode = UInt8(SAMQP_PERSISTENT)
        #expect(try AMQPProperties(caller: &properties) == .persistent)
        properties.delivery_mode = UInt8(SAMQP_TRANSIENT)
        #expect(try AMQPProperties(caller: &properties).deliveryMode == .transient)
        // Where nothing says that they are there, they are not.
        properties.priority = 9
        properties.timestamp = 9
        let absent = try AMQPProperties(caller: &properties)
        #expect(absent.priority == nil && absent.timestamp == nil)
    }

    @Test("everything that is set arrives, and comes back")
    func roundTrip() throws {
        var properties = AMQPProperties(
            contentType: "text/plain", contentEncoding: "gzip", headers: ["a": 1, "b": .array(["x"])],
            deliveryMode: .transient, priority: 0, correlationID: "c", replyTo: "r", expiration: "1000", messageID: "m",
            timestamp: AMQPTimestamp(secondsSinceEpoch: 0), type: "t", userID: "u", appID: "", clusterID: "k")
        for _ in 0..<2 {
            let object = PropertiesObject(properties)
            var out = Self.empty
            #expect(object.fill(&out) == SAMQP_OK)
            #expect(out.struct_size == Self.size)
            #expect(try AMQPProperties(caller: &out) == properties)
            withExtendedLifetime(object) {}
            properties.priority = 255
            properties.appID = String(longText.dropLast())
        }
        var out = Self.empty
        let none = PropertiesObject(AMQPProperties())
        out.content_type = UnsafePointer(bitPattern: 1)
        #expect(none.fill(&out) == SAMQP_OK)
        #expect(out.delivery_mode == 0 && out.has_priority == 0 && out.has_timestamp == 0)
        #expect(out.content_type == nil && out.headers == nil && out.message_id == nil)
        #expect(none.fill(nil) == SAMQP_ERR_INVALID_ARGUMENT)
    }

    @Test("a bad value is refused, and the error names the field")
    func refused() throws {
        let fields: [(String, WritableKeyPath<samqp_properties, UnsafePointer<CChar>?>)] = [
            ("content_type", \.content_type), ("content_encoding", \.content_encoding),
            ("correlation_id", \.correlation_id), ("reply_to", \.reply_to), ("expiration", \.expiration),
            ("message_id", \.message_id), ("type", \.type), ("user_id", \.user_id), ("app_id", \.app_id),
            ("cluster_id", \.cluster_id),
        ]
        for (name, field) in fields {
            for bad in [badText, Array(longText.utf8CString)] {
                bad.withUnsafeBufferPointer { bad in
                    var properties = Self.empty
                    properties[keyPath: field] = bad.baseAddress
                    Self.expectRefused(&properties, naming: name)
                }
            }
        }
        var properties = Self.empty
        for mode: UInt8 in [3, 255] {
            properties.delivery_mode = mode
            Self.expectRefused(&properties, naming: "delivery_mode")
        }
        properties = Self.empty
        properties.reserved.3 = 1
        Self.expectRefused(&properties, naming: "reserved")
        try withTable { table in
            #expect(samqp_table_set_void(table, nil) == SAMQP_OK)
            properties = Self.empty
            properties.headers = table
            Self.expectRefused(&properties, naming: "without a name")
        }
    }

    @Test("a struct shorter than the first version is refused; a longer one if what is unknown is not zero")
    func sizes() {
        var long = [UInt8](repeating: 0, count: Self.size + 24)
        long.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let pointer = base.assumingMemoryBound(to: samqp_properties.self)
            for size in [0, 1, Self.size - 1, -1, .min, .max, 1 << 40] {
                bytes.storeBytes(of: size, as: Int.self)
                Self.expectRefused(pointer, naming: "struct_size")
                #expect(PropertiesObject(.persistent).fill(pointer) == SAMQP_ERR_INVALID_ARGUMENT)
                #expect(bytes.dropFirst(8).allSatisfy { $0 == 0 }, "nothing is written")
            }
            bytes.storeBytes(of: Self.size + 16, as: Int.self)
            #expect((try? AMQPProperties(caller: pointer)) == .persistent)
            bytes[Self.size + 15] = 1
            Self.expectRefused(pointer, naming: "does not know")
            // Beyond its size nothing is read, and nothing written.
            for index in Self.size..<bytes.count { bytes[index] = 7 }
            #expect(PropertiesObject(.persistent).fill(pointer) == SAMQP_OK)
            #expect(pointer.pointee.delivery_mode == 2 && pointer.pointee.struct_size == Self.size + 16)
            #expect(bytes[Self.size..<Self.size + 16].allSatisfy { $0 == 0 })
            #expect(bytes[(Self.size + 16)...].allSatisfy { $0 == 7 })
            #expect((try? AMQPProperties(caller: pointer)) == .persistent)
        }
    }

    @Test("the first versions of all structs are as they were")
    func firstSizes() {
        #expect(samqp_properties.firstSize == 112)
        #expect(samqp_stats.firstSize == 8 + 20 * 8)
        #expect(samqp_drain_report.firstSize == 8 + 7 * 8 + 8)
        #expect(samqp_queue_info.firstSize == 8 + 16 + 256)
    }

    private static func expectRefused(
        _ properties: UnsafePointer<samqp_properties>, naming name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do throws(Failure) {
            _ = try AMQPProperties(caller: properties)
            Issue.record("\(name) was accepted", sourceLocation: sourceLocation)
        } catch {
            #expect(error.status == SAMQP_ERR_INVALID_ARGUMENT, sourceLocation: sourceLocation)
            #expect(error.error.text.contains(name), "\(error.error.text)", sourceLocation: sourceLocation)
        }
    }
}
