// The demo's resources inside the binary against the files they are a copy of.
// Two copies of one text drift apart unless something fails when they do.
import Control
import Foundation
import Mesh
import Spec
import Testing

@Suite("The demo's resources")
struct BookinfoResourcesTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("the copies in the binary are what the folders hold, file by file")
    func copiesAreEqual() throws {
        try compare(BookinfoResources.files, with: BookinfoResources.folder)
        try compare(MeshResources.files, with: MeshResources.folder)
        try compare(SampleResources.files, with: SampleResources.folder)
        try compare(OutsideResources.files, with: OutsideResources.folder)
        try compare(BookServiceResources.files, with: BookServiceResources.folder)
    }

    private func compare(_ files: [(name: String, text: String)], with path: String) throws {
        let folder = Self.root.appending(path: path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }.sorted()
        #expect(names == files.map(\.name))
        for file in files {
            let text = try String(
                contentsOf: folder.appending(path: file.name), encoding: .utf8)
            #expect(file.text == text, "\(path)/\(file.name) differs")
        }
    }

    @Test("it compiles as a gateway without a finding, every workload behind its service")
    func copyCompiles() throws {
        let text = BookinfoResources.files.map(\.text).joined(separator: "\n---\n")
        let reader = ConfigurationReader(
            ConfigurationSource(paths: ["-"], standardInput: Array(text.utf8)))
        let reading = reader.load()
        #expect(reading.diagnostics.isEmpty, "\(reading.diagnostics)")
        let snapshot = try #require(reading.snapshot)
        #expect(snapshot.routing.listeners.map(\.declaredPort) == [8080])
        #expect(snapshot.clusters.map(\.endpoints.count) == [1])
        #expect(reading.objects?.workloadEntries.count == 6)
    }
}
