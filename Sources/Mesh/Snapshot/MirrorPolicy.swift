// Where copies of a route's requests go (Istio's `mirror` and `mirrors`).
// A copy is forwarded like any request, so its destination is a `Forward` of its own.

public struct MirrorPolicy: Sendable {
    /// One destination, which exists: copies for nobody are left out when compiling.
    public let forward: Forward
    /// Of a million requests.
    public let share: UInt32

    public init(forward: Forward, share: UInt32) {
        self.forward = forward
        self.share = share
    }
}

extension MirrorPolicy: Hashable {
    public static func == (left: MirrorPolicy, right: MirrorPolicy) -> Bool {
        left.share == right.share
            && left.forward.destinations[0].clusterName
                == right.forward.destinations[0].clusterName
            && left.forward.policy.timeoutMs == right.forward.policy.timeoutMs
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(forward.destinations[0].clusterName)
        hasher.combine(share)
    }
}

extension MirrorPolicy {
    /// In words, for explanations and dumps.
    var step: String {
        let cluster = forward.destinations[0].clusterName
        return "mirror \(FaultPolicy.percent(share)) of the requests to \(cluster)"
    }
}
