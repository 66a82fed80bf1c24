import TestSupport
import Testing

@Suite struct FrameRuleTests {
    @Test(arguments: [
        "s2c:60.80:1:rst", "c2s:60.40:2+:drop", "c2s:header:3/conn:rst-mid=4", "s2c:body:1+/each:dup",
        "c2s:heartbeat:1:hold", "c2s:protocol:1:chop=3", "s2c:*:17:blackhole", "s2c:60.60:1:blackhole=both",
        "s2c:10.10:1:corrupt", "s2c:10.10:1:corrupt=7", "s2c:10.30:1:delay=250ms", "c2s:10.40:1:fin",
        "s2c:1.2:1:rst-mid",
    ])
    func aRuleReadsWhatItWrites(text: String) throws {
        let rule = try #require(FrameRule(text))
        #expect(rule.description == text)
    }

    @Test func namesAndShortFormsAreUnderstood() {
        #expect(FrameRule("s2c:basic.ack:1:rst") == FrameRule(.serverToClient, .method(.basicAck), .rst))
        #expect(FrameRule("c2s:body:1:chop")?.description == "c2s:body:1:chop=1")
        #expect(FrameRule("c2s:body:1:delay=20")?.action == .delay(.milliseconds(20)))
    }

    @Test(arguments: [
        "", "s2c", "s2c:60.80:1", "s2c:60.80:0:rst", "s2c:60.80:-1:rst", "x2c:60.80:1:rst", "s2c:60:1:rst",
        "s2c:basic.nothing:1:rst", "s2c:60.80:1:rst:", "s2c:60.80:1:rst=1", "s2c:60.80:1:delay", "s2c:60.80:1:chop=0",
        "s2c:60.80:1/proxy:rst", "s2c:60.80:1/x:rst", "s2c:60.80:+:rst", "s2c:60.80:1:corrupt=-1", "s2c:60.80:1:",
    ])
    func whatIsNoRuleIsRefused(text: String) { #expect(FrameRule(text) == nil) }

    @Test func aSweepHasEveryAction() {
        #expect(
            FrameAction.all.map(\.description) == [
                "rst", "rst-mid", "fin", "drop", "hold", "blackhole", "dup", "corrupt", "delay=200ms", "chop=1",
            ])
    }
}
