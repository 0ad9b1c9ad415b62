// What the project says about itself, and what it does not say.
import Foundation
import Testing

@Suite("words") struct WordTests {
    @Test("no file names a place on the machine it was written on")
    func places() {
        // In pieces, so that this file is not its own finding.
        let places = [
            "/wo" + "rk/", "/ro" + "ot/", "/tmp/br" + "ief", "/tmp/bu" + "ild-", "/ho" + "me/",
        ]
        var findings: [Finding] = []
        for file in Project.readable {
            for (index, line) in file.lines.enumerated() {
                for place in places where line.contains(place) {
                    findings.append(Finding(path: file.path, line: index + 1, what: place))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("no private key is in the tree")
    func keys() {
        let mark = "PRIVATE " + "KEY-----"
        let found = Project.readable.filter { $0.text.contains(mark) }.map(\.path)
        #expect(found.isEmpty, "\(found)")
    }

    @Test("every scenario in gateways/ says what it is")
    func scenarios() throws {
        let folders = Project.folders(in: "gateways")
        #expect(!folders.isEmpty, "gateways/ has no scenario")
        for folder in folders {
            let files = Project.paths(under: "gateways/\(folder)")
            let readme = files.contains { $0.hasSuffix("/README.md") }
            let first = files.filter { $0.hasSuffix(".yaml") }.compactMap(Project.file)
            #expect(
                readme || first.allSatisfy { $0.text.hasPrefix("#") },
                "gateways/\(folder) has neither a README nor a comment at the head of its files")
        }
    }

    @Test("every link between documents leads somewhere")
    func links() {
        var findings: [Finding] = []
        for file in Project.readable where file.path.hasSuffix(".md") {
            let folder = Project.root.appending(path: file.path).deletingLastPathComponent()
            for (index, line) in file.lines.enumerated() {
                for link in line.matches(of: /\]\(([^)#\s]+)(?:#[^)]*)?\)/) {
                    let target = String(link.1)
                    if target.contains("://") || target.hasPrefix("mailto:") { continue }
                    let path = folder.appending(path: target).standardizedFileURL.path()
                    if !FileManager.default.fileExists(atPath: path) {
                        findings.append(
                            Finding(
                                path: file.path, line: index + 1, what: "leads nowhere: \(target)"))
                    }
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }
}
