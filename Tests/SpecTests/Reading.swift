// What the tests of reading have in common: YAML in, objects and findings out.
import Foundation
import Spec
import Testing

func parse(_ text: String, file: String = "test.yaml") -> ParsedFile {
    ParsedFile(reading: Array(text.utf8), file: file)
}

/// An object of Istio's networking group around a spec given at the left margin.
func object(_ kind: String, _ spec: String, name: String = "x") -> String {
    let indented = spec.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : "  " + $0 }.joined(separator: "\n")
    return """
        apiVersion: networking.istio.io/v1
        kind: \(kind)
        metadata:
          name: \(name)
        spec:
        \(indented)

        """
}

/// A Kubernetes object around everything but its name.
func kubernetes(_ kind: String, _ rest: String, apiVersion: String = "v1") -> String {
    """
    apiVersion: \(apiVersion)
    kind: \(kind)
    metadata:
      name: x
    \(rest)

    """
}

extension ParsedFile {
    /// Errors and warnings, one a line.
    var complaints: [String] {
        diagnostics.filter { $0.severity != .info }.map(\.description)
    }

    func first<Object: Resource>(_ type: Object.Type) throws -> Object {
        try #require(
            objects.lazy.compactMap { $0 as? Object }.first, "\(type): \(complaints)")
    }
}

/// The only finding there is.
func only(_ parsed: ParsedFile) throws -> Diagnostic {
    try #require(parsed.diagnostics.count == 1, "\(parsed.diagnostics)")
    return parsed.diagnostics[0]
}

extension Diagnostic {
    /// As `validate` shows it, from the bytes of the file.
    func rendered(source bytes: [UInt8], color: Bool) -> String {
        rendered(source: SourceLines(ofFile: bytes), color: color)
    }
}
