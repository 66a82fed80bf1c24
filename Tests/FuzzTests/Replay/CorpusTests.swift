import Testing

/// Every input of the corpus, and every one that once found something, holds; without libFuzzer.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name)) func everyInputHolds(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var count = 0
        for folder in ["Corpus", "Regressions"] {
            for file in Folder.names(in: "\(folder)/\(name)") {
                let input = try Folder.read("\(folder)/\(name)/\(file)")
                do {
                    try withExactBytes(input) { try target.run($0) }
                } catch {
                    Issue.record("\(folder)/\(name)/\(file): \(error)")
                }
                count += 1
            }
        }
        #expect(count >= 5, "the corpus is in the tree; 'scripts/fuzz --seeds' writes it")
    }

    /// A target that is not in the list, or an input whose target has another name now, would be run by nobody.
    @Test func theFoldersAreThoseOfTheTargets() {
        let names = Set(FuzzTarget.all.map(\.name))
        #expect(Set(Folder.names(in: "Corpus")) == names)
        #expect(names.isSuperset(of: Folder.names(in: "Regressions")))
    }

    /// A check that cannot fail would find nothing in a day: each target refuses what was broken on purpose.
    @Test func aFindingIsAnError() {
        #expect(throws: Finding.self) { try hold(false, "broken") }
        #expect(throws: Never.self) { try hold(true, "whole") }
    }
}
