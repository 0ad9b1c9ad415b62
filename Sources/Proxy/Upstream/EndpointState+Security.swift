// Which encryption an endpoint's connections have now: found by the name a request asks for, let go
// when configuration or credentials change.
import Mesh
import Net
import Telemetry

extension EndpointState {
    /// Names remembered with their sessions; a wildcard host may stand for any number of them.
    private static let securitiesMax = 64

    /// nil: in the clear. `authority` is the request's as it goes upstream.
    func security(for authority: ByteView) -> Result<UpstreamSecurity?, DialFailure> {
        guard let tls = endpoint.tls else { return .success(nil) }
        let isFixed = tls.serverName != nil
        let asked = isFixed ? ByteView.empty : authority.hostAlone
        for known in securities
        where isFixed || known.name.withView(asked.equalsIgnoringCase) {
            return .success(known)
        }
        guard let context = cluster.worker.context(of: tls) else {
            return .failure(.credential)
        }
        if securities.count >= Self.securitiesMax {
            securities.removeFirst().retire()
            dropRetiredIdle()
        }
        let name = tls.serverName.map { Array($0.utf8) } ?? asked.array.map(lowercased)
        let security = UpstreamSecurity(tls, context: context, name: name)
        securities.append(security)
        return .success(security)
    }

    /// A stream of bytes has no authority: it asks for the host it was to reach, where that is told
    /// by the caller, and without a name of its own for none.
    func securityForBytes() -> Result<UpstreamSecurity?, DialFailure> {
        guard isDynamic else { return security(for: .empty) }
        return Array(endpoint.address.utf8).withView { security(for: $0) }
    }

    /// Certificates or trust changed: what was agreed under the old ones is not used for new
    /// requests.
    func credentialsChanged() {
        guard let tls = endpoint.tls else { return }
        let current = cluster.worker.clientContexts[tls.credentialKey]
        retireSecurities { $0.context !== current }
        dropRetiredIdle()
    }

    func retireSecurities(where isRetired: (UpstreamSecurity) -> Bool) {
        for security in securities where isRetired(security) { security.retire() }
        securities.removeAll(where: isRetired)
    }

    /// Counts a connection that did not come about.
    func failed(_ failure: DialFailure) -> DialFailure {
        connectFailuresTotal += 1
        let stats = cluster.stats
        stats.add(.upstreamCxConnectFail)
        switch failure.kind {
        case .connect, .tunnel: break
        case .timeout: stats.add(.upstreamCxConnectTimeout)
        case .handshake: stats.add(.sslConnectionError)
        case .names:
            stats.add(.sslConnectionError)
            stats.add(.sslFailVerifySAN)
        case .chain:
            stats.add(.sslConnectionError)
            stats.add(.sslFailVerifyError)
        case .credential: stats.add(.sslContextMissing)
        }
        return failure
    }
}
