import SwiftAMQP
import Testing

@testable import samqp

@Suite("How samqp shows messages and hides passwords")
struct OutputTests {
    @Test(
        "text",
        arguments: [
            ("plain", "plain"), ("", ""), ("a\nb\r\tc", #"a\nb\r\tc"#), (#"a\nb"#, #"a\\nb"#),
            ("\u{1B}[1m\u{7F}\u{9B}", #"\x1b[1m\x7f\xc2\x9b"#), ("ü€𝄞", "ü€𝄞"),
        ])
    func text(body: String, line: String) {
        var output: [UInt8] = []
        TextOutput.append(Array(body.utf8), to: &output)
        #expect(String(decoding: output, as: UTF8.self) == line + "\n")
    }

    @Test("bytes that are not UTF-8 are escaped one by one")
    func invalid() {
        var output: [UInt8] = []
        TextOutput.append([0x61, 0xC3, 0x62, 0xFF, 0xE2, 0x82, 0xED, 0xA0, 0x80], to: &output)
        #expect(String(decoding: output, as: UTF8.self) == #"a\xc3b\xff\xe2\x82\xed\xa0\x80"# + "\n")
    }

    @Test("base64 of RFC 4648, section 10")
    func base64() {
        let cases = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map { Base64.encode(Array($0.utf8)) }
        #expect(cases == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"])
        #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
    }

    @Test("JSON strings, nesting and commas")
    func json() {
        var writer = JSONWriter()
        writer.object { json in
            json.name("a")
            json.array { json in
                json.string("\"\\\n\u{1}\u{85}ü")
                json.literal("1")
                json.object { _ in }
            }
            json.member("none", String?.none)
            json.member("b", true)
        }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":["\"\\\n\u0001\u0085ü",1,{}],"b":true}"#)
    }

    @Test(
        "passwords of URLs in texts",
        arguments: [
            ("amqp://u:p@h", "amqp://u:***@h"), ("see 'AMQPS://u:a@b:c@h/v' there", "see 'AMQPS://u:***@h/v' there"),
            ("--url=amqp://u:p/q@h x@y", "--url=amqp://u:***@h x@y"), ("amqp://u@h:1/", "amqp://u@h:1/"),
            ("amqp:u:p@h amqp://v:w@h", "amqp:u:***@h amqp://v:***@h"), ("nothing: a@b", "nothing: a@b"),
        ])
    func redaction(text: String, redacted: String) { #expect(Secrets.redact(text) == redacted) }

    @Test("arguments of queues have the kind that they look like")
    func queueArguments() {
        let values = ["a=1", "a=true", "a=text", #"a="7""#, "a=", "a=b=c"].map { QueueArgument(argument: $0)?.value }
        #expect(values == [.int64(1), .bool(true), .string("text"), .string("7"), .string(""), .string("b=c")])
        #expect(QueueArgument(argument: "a") == nil && QueueArgument(argument: "=a") == nil)
    }
}
