// Where in a VirtualService a route was written, so that messages can say `http[0].match[1]`.
// Four bytes, because every route carries one.

public struct RulePlace: Sendable, Hashable, CustomStringConvertible {
    private let ruleNumber: UInt16
    private let matchNumber: Int16

    /// `match` is nil for a rule without match blocks.
    public init(rule: Int, match: Int? = nil) {
        ruleNumber = UInt16(clamping: rule)
        matchNumber = Int16(clamping: match ?? -1)
    }

    /// Index into `http`.
    public var rule: Int { Int(ruleNumber) }
    /// Index into that rule's `match`.
    public var match: Int? { matchNumber < 0 ? nil : Int(matchNumber) }

    public var description: String {
        match.map { "http[\(rule)].match[\($0)]" } ?? "http[\(rule)]"
    }
}
