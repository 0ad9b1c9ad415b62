// How far a field is carried out: the third column of docs/features.md.
// Honest in four grades, because "supported" hides the difference between read and done.

/// How far a field is carried out.
public enum FieldStatus: Sendable, Hashable {
    /// It does what Istio says.
    case works
    /// Read and checked; it asks for something that nothing does, in Istio neither, which is said
    /// once per configuration.
    case decodesOnly
    /// Read and checked; there is nothing it could ask for: it is for people, or for Kubernetes.
    case noEffect
    /// What it asks for is refused or left out, with a finding that says so.
    case notYet

    /// The word in docs/features.md.
    public var word: String {
        switch self {
        case .works: "works"
        case .decodesOnly, .noEffect: "decodes only"
        case .notYet: "not yet"
        }
    }
}
