// Every limit on what a configuration may hold, in one table that the binary prints.
// Files come from people and from pipelines that went wrong; each limit turns an endless load into
// an error that names the place.

/// The limits of reading resources.
public enum SpecLimits {
    /// Bytes of one file.
    public static let fileBytesMax = 64 << 20
    /// Documents of one file.
    public static let documentsPerFileMax = 100_000
    /// Levels of mappings and lists inside each other, aliases followed.
    public static let depthMax = 64
    /// Nodes that aliases add to one document: a "billion laughs" ends here.
    public static let aliasedNodesMax = 100_000
    /// Bytes of one value.
    public static let scalarBytesMax = 2 << 20
    /// Findings reported for one file; the rest is counted.
    public static let diagnosticsPerFileMax = 200
    /// Bytes of a directResponse body (Istio refuses more).
    public static let directResponseBytesMax = 1 << 20
    /// Characters of a regex (Istio refuses more).
    public static let regexLengthMax = 1024

    /// One row for `isthmus version --limits`.
    public struct Row: Sendable {
        public let name: String
        public let value: Int
        public let unit: String
    }

    public static let rows: [Row] = [
        Row(name: "configuration file", value: fileBytesMax, unit: "bytes"),
        Row(name: "documents in a file", value: documentsPerFileMax, unit: "documents"),
        Row(name: "nesting of a document", value: depthMax, unit: "levels"),
        Row(name: "nodes added by YAML aliases", value: aliasedNodesMax, unit: "nodes"),
        Row(name: "one YAML value", value: scalarBytesMax, unit: "bytes"),
        Row(name: "findings reported for a file", value: diagnosticsPerFileMax, unit: "findings"),
        Row(name: "directResponse body", value: directResponseBytesMax, unit: "bytes"),
        Row(name: "regular expression", value: regexLengthMax, unit: "characters"),
    ]
}
