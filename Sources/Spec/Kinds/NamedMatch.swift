// A condition on a header or a query parameter, with its name.
// Kept in lists and not in dictionaries: the order of the text is what people see explained.

/// A header's or query parameter's name and what its value is compared with.
public struct NamedMatch: Sendable {
    public var position = Position()
    public var name = ""
    public var match = StringMatch.present
    public init() {}
}
