import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct PublishFingerprintTests {
    private static func hash(_ bytes: [UInt8], seed: UInt64 = 1) -> UInt64 {
        bytes.withUnsafeBytes { ByteHash.hash($0, seed: seed) }
    }

    private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test func theSameBytesHashTheSameWhereverTheyLie() {
        var random = SeededGenerator(seed: 1)
        for count in 0...200 {
            let original = Self.bytes(count, &random)
            let expected = Self.hash(original)
            for shift in 0..<16 {
                let shifted = [UInt8](repeating: 0xCC, count: shift) + original + [0xDD]
                let hash = shifted.withUnsafeBytes {
                    ByteHash.hash(UnsafeRawBufferPointer(rebasing: $0[shift..<shift + count]), seed: 1)
                }
                #expect(hash == expected, "\(count) bytes, moved by \(shift)")
            }
        }
    }

    @Test func oneBitMakesAnotherHash() {
        var random = SeededGenerator(seed: 2)
        for count in 1...200 {
            var bytes = Self.bytes(count, &random)
            var seen: Set<UInt64> = [Self.hash(bytes)]
            for index in 0..<count {
                for bit in 0..<8 {
                    bytes[index] ^= 1 << bit
                    seen.insert(Self.hash(bytes))
                    bytes[index] ^= 1 << bit
                }
            }
            #expect(seen.count == 1 + count * 8, "\(count) bytes")
        }
    }

    @Test(arguments: [0x00, 0xFF, 0x41] as [UInt8]) func theLengthTakesPart(byte: UInt8) {
        let hashes = Set((0...1000).map { Self.hash([UInt8](repeating: byte, count: $0)) })
        #expect(hashes.count == 1001)
    }

    /// Bodies that differ in a counter, as those of real programs do, at every place of a longer text.
    @Test(arguments: [0, 1, 7, 8, 31, 56, 60, 64, 100, 180]) func countersDoNotCollide(prefix: Int) {
        let head = [UInt8](repeating: 0x20, count: prefix)
        var hashes = Set<UInt64>()
        for number in 0..<20_000 { hashes.insert(Self.hash(head + Array("\(number)".utf8) + head)) }
        #expect(hashes.count == 20_000)
    }

    /// Each bit of the hash is set about as often as not.
    @Test func bitsAreEvenlySet() {
        var counts = Array(repeating: 0, count: 64)
        let total = 20_000
        for number in 0..<total {
            let hash = Self.hash(Array("message \(number)".utf8))
            for bit in 0..<64 where hash >> bit & 1 == 1 { counts[bit] += 1 }
        }
        // Ten standard deviations of a fair coin.
        #expect(counts.allSatisfy { abs($0 - total / 2) < 710 })
    }

    @Test func thePartsOfAnAddressDoNotRunIntoEachOther() {
        let pairs = [("", ""), ("a", ""), ("", "a"), ("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")]
        let hashes = Set(pairs.map { PublishFingerprint.addressHash(exchange: $0.0, routingKey: $0.1) })
        #expect(hashes.count == pairs.count)
    }

    @Test func everyPartTakesPart() {
        func fingerprint(_ exchange: String, _ key: String, _ body: String, _ properties: [UInt8]) -> PublishFingerprint
        {
            PublishFingerprint(
                address: PublishFingerprint.addressHash(exchange: exchange, routingKey: key),
                body: PublishFingerprint.bodyHash(Array(body.utf8)),
                properties: properties.withUnsafeBytes { .init($0) })
        }
        let original = fingerprint("e", "k", "b", [0, 0])
        #expect(original == fingerprint("e", "k", "b", [0, 0]))
        for other in [
            fingerprint("f", "k", "b", [0, 0]), fingerprint("e", "l", "b", [0, 0]), fingerprint("e", "k", "c", [0, 0]),
        ] {
            #expect(original != other)
            #expect(!original.isEqualExceptProperties(to: other))
        }
        let withProperties = fingerprint("e", "k", "b", [0x10, 0, 2])
        #expect(original != withProperties)
        #expect(original.isEqualExceptProperties(to: withProperties))
    }
}
