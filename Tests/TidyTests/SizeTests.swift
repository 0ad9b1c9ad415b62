// How long files are. The codebases people praise have a median of 80 to 150 lines a file and 300
// to 400 at the 90th percentile; the numbers are printed so that a drift is seen early.
import Testing

@Suite("sizes") struct SizeTests {
    @Test("half of the files have at most 200 lines, nine in ten at most 400")
    func distribution() throws {
        let sizes = Project.sources.map { ($0.lineCount, $0.path) }.sorted { $0.0 < $1.0 }
        try #require(!sizes.isEmpty, "no source file was found")
        let median = sizes[sizes.count / 2].0
        let ninetieth = sizes[min(sizes.count - 1, sizes.count * 9 / 10)].0
        let largest = sizes.suffix(3).reversed().map { "\($0.1) \($0.0)" }
        let report =
            "\(sizes.count) files, median \(median), 90th percentile \(ninetieth), "
            + "largest: \(largest.joined(separator: ", "))"
        print(report)
        #expect(median <= 200, "\(report)")
        #expect(ninetieth <= 400, "\(report)")
    }

    @Test("no file has more than 600 lines")
    func largest() {
        let long = Project.sources.filter { $0.lineCount > 600 }.map {
            "\($0.path) \($0.lineCount)"
        }
        #expect(long.isEmpty, "\(long)")
    }
}
