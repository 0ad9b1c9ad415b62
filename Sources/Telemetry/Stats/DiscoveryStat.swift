// What is known about the look-ups behind a cluster whose endpoints are host names.
// A family of its own, under the clusters' scope: most clusters are lists of addresses, and pay
// nothing for these.

/// Envoy's statistics of `STRICT_DNS` and `LOGICAL_DNS` clusters, `cluster.<name>.update_attempt`.
@frozen
public enum DiscoveryStat: Int, StatFamily {
    case updateAttempt
    case updateSuccess
    case updateFailure
    case updateEmpty
    case updateNoRebuild

    public var definition: StatDefinition {
        switch self {
        case .updateAttempt:
            StatDefinition(
                "update_attempt", .counter, "Times the names of a cluster were asked for")
        case .updateSuccess:
            StatDefinition("update_success", .counter, "Times addresses came of it")
        case .updateFailure:
            StatDefinition(
                "update_failure", .counter,
                "Times the resolver failed; the last good addresses went on serving")
        case .updateEmpty:
            StatDefinition(
                "update_empty", .counter, "Times the answer was that there is no address")
        case .updateNoRebuild:
            StatDefinition(
                "update_no_rebuild", .counter, "Times the addresses were those of before")
        }
    }
}
