// A line for each call that a policy did not let through: what was called, by whom, and why not.
// A warning, because either the policy or the caller is wrong, and somebody has to find out which.
internal import Proxy

extension Log {
    func tell(_ refusal: Refusal) {
        var values = [("destination", refusal.destination)]
        if !refusal.caller.isEmpty { values.append(("caller", refusal.caller)) }
        if !refusal.workload.isEmpty { values.append(("workload", refusal.workload)) }
        if !refusal.listener.isEmpty { values.append(("listener", refusal.listener)) }
        if refusal.untold > 0 { values.append(("untold", "\(refusal.untold)")) }
        warning("egress", refusal.reason, values)
    }
}
