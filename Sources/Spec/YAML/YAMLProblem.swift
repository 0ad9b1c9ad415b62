// Why a stream cannot be read, in the parser's terms.
// Turned into plain words and advice only when it is shown, which needs the text around it.

/// Why a stream cannot be read.
struct YAMLProblem: Error {
    var position: Position
    var message: String
    var advice = ""
    /// What the parser was in the middle of, and since where.
    var context: (text: String, position: Position)?
}
