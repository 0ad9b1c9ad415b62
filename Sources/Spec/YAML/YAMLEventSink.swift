// What takes the events of a YAML stream.
// A protocol, so that the parser's file knows C and nothing else, and trees know no C.

/// Takes the events of a YAML stream in order. Spans live for the length of the call.
protocol YAMLEventSink {
    mutating func startDocument(at position: Position) throws(YAMLProblem)
    mutating func endDocument() throws(YAMLProblem)
    mutating func scalar(
        _ text: Span<UInt8>, style: YAMLScalarStyle, tag: String?, anchor: String?,
        at position: Position) throws(YAMLProblem)
    mutating func startMapping(
        tag: String?, anchor: String?, at position: Position) throws(YAMLProblem)
    mutating func endMapping() throws(YAMLProblem)
    mutating func startSequence(
        tag: String?, anchor: String?, at position: Position) throws(YAMLProblem)
    mutating func endSequence() throws(YAMLProblem)
    mutating func alias(to anchor: String, at position: Position) throws(YAMLProblem)
}

enum YAMLScalarStyle: Sendable {
    /// Without quotes: its type is told by its spelling.
    case plain
    /// Quoted, literal or folded: always a string.
    case text
}
