// Errors in a row at one endpoint, as all workers see it together.
// Good answers only read: the counters are zero nearly always, and a line that nobody writes costs
// the workers nothing to share.
import Mesh
import Synchronization

/// What an endpoint has had too much of.
struct EjectionCauses: OptionSet, Sendable {
    let rawValue: UInt8
    static let gatewayErrors = EjectionCauses(rawValue: 1)
    static let errors = EjectionCauses(rawValue: 2)
    static let localOrigin = EjectionCauses(rawValue: 4)
}

final class EndpointHealth: Sendable {
    private let errors = Atomic<UInt32>(0)
    private let gatewayErrors = Atomic<UInt32>(0)
    private let localFailures = Atomic<UInt32>(0)
    let isEjected = Atomic<Bool>(false)
    let ejectionsTotal = Atomic<UInt64>(0)

    /// An answer, or what counts as one. - Parameter status: as the policy counts it.
    func count(_ status: UInt16, _ policy: OutlierPolicy) -> EjectionCauses {
        guard status >= 500 else {
            Self.clear(errors)
            Self.clear(gatewayErrors)
            return []
        }
        var causes = EjectionCauses()
        if (502...504).contains(status) {
            if Self.raise(gatewayErrors, policy.consecutiveGatewayErrors) {
                causes.insert(.gatewayErrors)
            }
        } else {
            Self.clear(gatewayErrors)
        }
        if Self.raise(errors, policy.consecutive5xx) { causes.insert(.errors) }
        return causes
    }

    /// A connection failed or broke, where that is told apart from answers.
    func countLocalFailure(_ policy: OutlierPolicy) -> EjectionCauses {
        Self.raise(localFailures, policy.consecutiveLocalOriginFailures) ? .localOrigin : []
    }

    func connected() {
        Self.clear(localFailures)
    }

    /// It comes back with a clean record.
    func clearAll() {
        Self.clear(errors)
        Self.clear(gatewayErrors)
        Self.clear(localFailures)
    }

    /// True when it has reached `limit`, and begins anew; 0 is never reached.
    private static func raise(_ counter: borrowing Atomic<UInt32>, _ limit: UInt32) -> Bool {
        guard limit > 0 else { return false }
        guard counter.wrappingAdd(1, ordering: .relaxed).newValue >= limit else { return false }
        counter.store(0, ordering: .relaxed)
        return true
    }

    private static func clear(_ counter: borrowing Atomic<UInt32>) {
        if counter.load(ordering: .relaxed) != 0 { counter.store(0, ordering: .relaxed) }
    }
}
