// One kind of object and what is done with it.
// Kinds that forbid something are told apart from those that merely do nothing: leaving a policy
// out opens a door.

/// What is done with objects of a kind.
enum KindStanding: Sendable {
    case read
    /// Traffic does not depend on it.
    case unused
    /// It will matter; today it is left out.
    case notYet
    /// As `notYet`, for kinds that forbid something: leaving them out opens a door.
    case notEnforcedYet
    case never(String)
}

struct KindRow: Sendable {
    let kind: String
    /// Empty for Kubernetes' core group.
    let group: String
    let versions: [String]
    let standing: KindStanding

    /// `networking.istio.io/v1`
    var apiVersion: String { group.isEmpty ? versions[0] : "\(group)/\(versions[0])" }

    /// The kind, with its group where another group has one of the same name that is read.
    var title: String { MessageTable.objects[kind] == nil ? kind : "\(kind) of \(group)" }
}
