import CSwiftAMQP
import TestSupport
import Testing

@Suite("Names of constants of C")
struct NameTests {
    private static let header =
        (#filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3) + ["include", "swiftamqp.h"])
        .joined(separator: "/")

    @Test("every status and every state of the header has its name")
    func names() throws {
        var (statuses, states) = (0, 0)
        for line in try readTextFile(Self.header).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 3, words[0] == "#define" else { continue }
            let name = String(words[1])
            guard let value = Int32(words[2].filter { !"()".contains($0) }) else { continue }
            if name == "SAMQP_OK" || name.hasPrefix("SAMQP_ERR_") {
                statuses += 1
                #expect(text(samqp_status_name(value)) == name)
            } else if name.hasPrefix("SAMQP_STATE_") {
                states += 1
                #expect(text(samqp_state_name(value)) == name.dropFirst("SAMQP_STATE_".count).lowercased())
            }
        }
        #expect(statuses == 31 && states == 7)
        for number: Int32 in [1, -31, .min, .max] { #expect(text(samqp_status_name(number)) == "SAMQP_ERR_?") }
        for number: Int32 in [0, 8, -1, .min, .max] { #expect(text(samqp_state_name(number)) == "?") }
        #expect(samqp_status_name(SAMQP_ERR_TIMEOUT) == samqp_status_name(SAMQP_ERR_TIMEOUT))
    }
}
