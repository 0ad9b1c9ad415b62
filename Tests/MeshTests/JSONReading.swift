// Reads JSON with Foundation's parser: somebody else's opinion on what ours wrote.
import Foundation
import Testing

func parseJSON(_ bytes: [UInt8]) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(bytes))
    return try #require(value as? [String: Any])
}

/// A file's text, or nil where there is none.
func contents(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path).map { [UInt8]($0) }
}

/// The paths of the `.yaml` files below a folder, sorted; nil where there is no such folder.
func yamlFiles(below folder: String) -> [String]? {
    guard let walk = FileManager.default.enumerator(atPath: folder) else { return nil }
    let names = walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".yaml") }
    return names.isEmpty ? nil : names.sorted().map { "\(folder)/\($0)" }
}

func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
}
