// Which PeerAuthentication holds for a port of a workload (Istio's ComposePeerAuthentication):
// port before workload before namespace before mesh, the oldest in each scope, and PERMISSIVE where
// nobody says anything.
internal import Spec

struct PeerAuthenticationIndex {
    enum Mode: Sendable, Hashable {
        case disable, permissive, strict
    }

    /// A mode and the object that says so; nil for what holds by itself.
    struct Answer: Equatable {
        let mode: Mode
        let origin: Origin?
    }

    private let mesh: PeerAuthentication?
    private var namespaces: [String: PeerAuthentication] = [:]
    /// With selectors, by namespace, oldest first.
    private var workloads: [String: [PeerAuthentication]] = [:]

    init(_ policies: [PeerAuthentication], rootNamespace: String) {
        var mesh: PeerAuthentication?
        for policy in policies {
            if !policy.selector.isEmpty {
                // In the root namespace it is no policy for the workloads of the mesh.
                guard policy.namespace != rootNamespace else { continue }
                workloads[policy.namespace, default: []].append(policy)
            } else if policy.namespace == rootNamespace {
                if mesh == nil { mesh = policy }
            } else if namespaces[policy.namespace] == nil {
                namespaces[policy.namespace] = policy
            }
        }
        self.mesh = mesh
    }

    /// - Parameter port: where the workload answers, not the service's port.
    func answer(namespace: String, labels: [String: String], port: UInt16) -> Answer {
        let own = workloads[namespace]?.first { labels.satisfies($0.selector) }
        if let own, let mode = own.portLevelModes[port]?.decided {
            return Answer(mode: mode, origin: Origin(own))
        }
        for policy in [own, namespaces[namespace], mesh] {
            if let policy, let mode = policy.mode.decided {
                return Answer(mode: mode, origin: Origin(policy))
            }
        }
        return Answer(mode: .permissive, origin: nil)
    }
}

extension PeerAuthentication.Mode {
    /// Nil for what leaves it to the next scope.
    fileprivate var decided: PeerAuthenticationIndex.Mode? {
        switch self {
        case .unset: nil
        case .disable: .disable
        case .permissive: .permissive
        case .strict: .strict
        }
    }
}
