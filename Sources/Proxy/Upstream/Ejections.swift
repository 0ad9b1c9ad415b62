// Which endpoints of a cluster are left out, since when and for how long: Envoy's outlier detector
// (outlier_detection_impl.cc) as a value, without threads and clocks, so that minutes of it can be
// tested in no time.
import Mesh

struct Ejections {
    enum Verdict {
        case ejected
        /// It was out already.
        case already
        /// As many are out as may be (`maxEjectionPercent`).
        case overflow
    }

    private struct Member {
        var isEjected = false
        var ejectedAtMs: UInt64 = 0
        var returnedAtMs: UInt64 = 0
        /// Times the base time it stays out; falls again while it is in.
        var multiplier: UInt64 = 0
    }

    /// Those that were ever left out, as long as they are endpoints.
    private var members: [EndpointKey: Member] = [:]
    private(set) var activeCount = 0

    /// Nothing will change by time alone.
    var isQuiet: Bool { members.allSatisfy { !$0.value.isEjected && $0.value.multiplier == 0 } }

    /// - Parameter hosts: endpoints of the cluster.
    mutating func eject(
        _ key: EndpointKey, ofHosts hosts: Int, _ policy: OutlierPolicy, nowMs: UInt64
    ) -> Verdict {
        var member = members[key] ?? Member()
        guard !member.isEjected else { return .already }
        guard 100 * (activeCount + 1) <= Int(policy.maxEjectionPercent) * hosts else {
            return .overflow
        }
        member.isEjected = true
        member.ejectedAtMs = nowMs
        if member.multiplier * policy.baseEjectionMs
            < policy.maxEjectionMs + policy.baseEjectionMs
        {
            member.multiplier += 1
        }
        members[key] = member
        activeCount += 1
        return .ejected
    }

    /// Looks, once an interval, who may come back; whoever was in for an interval is forgiven one
    /// of its ejections. Returns those that come back.
    mutating func check(_ policy: OutlierPolicy, nowMs: UInt64) -> [EndpointKey] {
        var returned: [EndpointKey] = []
        for (key, member) in members {
            var member = member
            if member.isEjected {
                let durationMs = min(
                    policy.baseEjectionMs * member.multiplier, policy.maxEjectionMs)
                guard nowMs - member.ejectedAtMs >= durationMs else { continue }
                member.isEjected = false
                member.returnedAtMs = nowMs
                activeCount -= 1
                returned.append(key)
            } else if member.multiplier > 0, nowMs - member.returnedAtMs >= policy.intervalMs {
                member.multiplier -= 1
            }
            members[key] = member
        }
        return returned
    }

    /// It is no endpoint any more.
    mutating func forget(_ key: EndpointKey) {
        if members.removeValue(forKey: key)?.isEjected == true { activeCount -= 1 }
    }
}
