// The project's own files, as these tests read them.
// They are found from this file's place, so that the tests mean the checkout they were built from.
import Foundation

enum Project {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file under `Sources`, in the order of its path.
    static let sources = swiftFiles(under: "Sources")
    /// Every Swift file of the project but those of its dependencies.
    static let swift =
        sources + swiftFiles(under: "Tests") + [file("Package.swift")].compactMap(\.self)

    static let python = (paths(under: "Tests") + paths(under: "Benchmarks"))
        .filter { $0.hasSuffix(".py") }.compactMap(file)

    /// Nil when there is no such file, or it is not text.
    static func file(_ path: String) -> SourceFile? {
        SourceFile(path: path, at: root.appending(path: path))
    }

    static func swiftFiles(under folder: String) -> [SourceFile] {
        paths(under: folder).filter { $0.hasSuffix(".swift") }.compactMap(file)
    }

    /// Everything a reader of the project may open: code, tests, documents, scripts, resources.
    static var readable: [SourceFile] {
        let folders = [
            "Sources", "Tests", "Benchmarks", "docs", "gateways", "packaging", "scripts", ".ci",
            "certs",
        ]
        let files = [
            "Package.swift", "Makefile", "Dockerfile", "README.md", "CHANGELOG.md", "LICENSE",
            ".gitignore", ".swift-format", ".dockerignore",
        ]
        return (folders.flatMap(paths(under:)) + files).compactMap(file)
    }

    /// Paths of the files under a folder, from the root; none when there is no such folder.
    static func paths(under folder: String) -> [String] {
        let start = root.appending(path: folder)
        let skipped: Set<String> = [
            "results", "__pycache__", ".pytest_cache", ".build", ".venv",
        ]
        guard
            let walk = FileManager.default.enumerator(
                at: start, includingPropertiesForKeys: [.isRegularFileKey])
        else { return [] }
        var found: [String] = []
        for case let url as URL in walk {
            if skipped.contains(url.lastPathComponent) {
                walk.skipDescendants()
                continue
            }
            let isFile = try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile
            if isFile == true {
                found.append(folder + url.path().dropFirst(start.path().count).withSlash)
            }
        }
        return found.sorted()
    }

    /// The names of the folders directly in a folder.
    static func folders(in folder: String) -> [String] {
        Set(
            paths(under: folder).compactMap { path -> String? in
                let rest = path.dropFirst(folder.count + 1).split(separator: "/")
                return rest.count > 1 ? String(rest[0]) : nil
            }
        ).sorted()
    }
}

extension Substring {
    fileprivate var withSlash: String { hasPrefix("/") ? String(self) : "/" + self }
}
