// Why there is no identity, or no newer one: words for the log, a metric's label and a page.
// What to do about it is part of the words, for whoever reads them is woken by an expiry.
internal import PKI

public struct IdentityProblem: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// The authority cannot be reached, or the connection broke.
        case unreachable
        /// The authority's certificate is not believed.
        case untrusted
        /// The authority does not know us: a token used or expired, a certificate revoked.
        case refused
        /// There is neither a token nor a valid certificate to show.
        case noToken
        /// Files, or what the authority sent, cannot be used.
        case unusable
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind = .unusable, _ description: String) {
        self.kind = kind
        self.description = description
    }

    init(_ description: String) {
        self.init(.unusable, description)
    }

    static func reading<Result>(
        _ what: String, _ body: () throws(PKIError) -> Result
    ) throws(IdentityProblem) -> Result {
        do throws(PKIError) {
            return try body()
        } catch {
            throw IdentityProblem("\(what): \(error)")
        }
    }
}
