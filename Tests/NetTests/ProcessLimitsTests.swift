// Memory that is given back, and what must be left of the rest.
// Advice to the kernel about a heap in use is only harmless if nothing of it changes.
import Net
import Testing

@Suite("memory of the process")
struct ProcessLimitsTests {
    @Test("what is in use stays as it is when memory is given back and pages become large")
    func contentsStay() {
        // Pieces of which every other one is freed, and one that fills blocks of 2 MiB by itself.
        var pieces = (0..<20_000).map { [UInt32](repeating: UInt32($0), count: 200) }
        for index in stride(from: 1, to: pieces.count, by: 2) { pieces[index] = [] }
        let large = (0..<2_000_000).map { UInt32($0) }
        ProcessLimits.releaseMemory()
        ProcessLimits.releaseMemory()
        for (index, piece) in pieces.enumerated() {
            #expect(piece.count == (index % 2 == 0 ? 200 : 0))
            #expect(piece.allSatisfy { $0 == UInt32(index) })
        }
        #expect(large.indices.allSatisfy { large[$0] == UInt32($0) })
    }
}
