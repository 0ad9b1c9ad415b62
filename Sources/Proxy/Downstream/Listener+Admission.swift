// Who is let in by a TLS server of a listener, beyond what the handshake verifies; and who stays
// when certificates, revocation lists or the rules themselves change.
import Mesh
import Net
import PKI
import TLS
import Telemetry

extension Listener {
    enum Admission {
        /// A client that nobody asked for a certificate, or that has none.
        case anonymous
        case known(PeerIdentity)
        /// With what is counted.
        case refused(ListenerStat)
    }

    /// Judges the client of a finished handshake.
    func admit(
        _ stream: TLSStream, by chain: FilterChain, _ termination: TLSTermination
    ) -> Admission {
        guard termination.clientCertificates != .ignored else { return .anonymous }
        guard let certificate = stream.peer else {
            return termination.clientCertificates == .required
                ? .refused(.sslFailVerifyNoCert) : .anonymous
        }
        if let failure = termination.failure(of: stream) { return .refused(failure) }
        var workload: SPIFFEID?
        if termination.clientCA == .workload {
            // In the mesh a name is the whole point: exactly one, and one of our trust domain.
            workload = try? certificate.workloadIdentity
            guard let workload else { return .refused(.sslFailVerifySAN) }
            if let own = try? stream.own?.workloadIdentity,
                own.trustDomain != workload.trustDomain
            {
                return .refused(.sslFailVerifySAN)
            }
        }
        return .known(
            PeerIdentity(
                certificate, workload: workload, stream: stream, chain: chain.name,
                listener: self))
    }

    /// Something that decides who is let in has changed: whoever would not be let in now leaves.
    func reconsiderClients() {
        var known: [PeerIdentity] = []
        worker.loop.forEachWatched { pollable in
            switch pollable {
            case let client as ClientConnection where client.listener === self:
                if let identity = client.identity {
                    known.append(identity)
                } else if !admitsAnonymous(client.chain, isSecure: client.isSecure) {
                    client.dismiss(atOnce: false)
                }
            case let client as H2Connection where client.listener === self:
                if let identity = client.identity {
                    known.append(identity)
                } else if !admitsAnonymous(client.chain, isSecure: client.isSecure) {
                    client.dismiss(atOnce: false)
                }
            case let end as SocketEnd:
                if let identity = end.identity {
                    if identity.listener === self { known.append(identity) }
                } else if end.isDownstream, refusesPlainBytes,
                    end.tunnel?.owner.acceptedBy === self
                {
                    end.dismiss(atOnce: true)
                }
            default: break
            }
        }
        if !known.isEmpty { PeerReview(of: known, on: worker.loop).begin() }
    }

    /// Whoever comes in the clear is no longer let in (STRICT), and no TLS passes through either.
    private var refusesPlainBytes: Bool {
        guard case .tls(let chains) = spec.kind else { return false }
        return chains.allSatisfy { $0.termination != nil }
    }

    private func admitsAnonymous(_ binding: ChainBinding?, isSecure: Bool) -> Bool {
        guard isSecure else {
            switch spec.kind {
            case .http, .sniffed(_, .http), .sniffed(_, .detected): return true
            case .tcp, .tls, .sniffed(_, .tcp): return false
            }
        }
        guard let binding,
            let termination = spec.chains.first(where: { $0.name == binding.name })?.termination
        else { return false }
        return termination.clientCertificates != .required
    }
}

extension ListenerSpec {
    /// Whether `other` lets in whoever this lets in, as far as a listener knows: what certificates
    /// say is the credentials' matter.
    func admitsLike(_ other: ListenerSpec) -> Bool {
        switch (kind, other.kind) {
        case (.http, .http), (.tcp, .tcp): return true
        case (.tls(let one), .tls(let two)): return Self.areLike(one, two)
        case (.sniffed(let one, .http), .sniffed(let two, .http)),
            (.sniffed(let one, .tcp), .sniffed(let two, .tcp)),
            (.sniffed(let one, .detected), .sniffed(let two, .detected)):
            return Self.areLike(one, two)
        default: return false
        }
    }

    private static func areLike(_ chains: [FilterChain], _ others: [FilterChain]) -> Bool {
        chains.elementsEqual(others) { one, two in
            guard one !== two else { return true }
            guard one.name == two.name else { return false }
            switch (one.termination, two.termination) {
            case (nil, nil): return true
            case (let one?, let two?): return one.admitsLike(two)
            default: return false
            }
        }
    }
}

extension TLSTermination {
    /// `subjectAltNames` and pins of the server, beyond what OpenSSL has verified.
    func failure(of stream: TLSStream) -> ListenerStat? {
        guard !subjectAltNames.isEmpty || !publicKeyPins.isEmpty || !certificatePins.isEmpty
        else { return nil }
        guard let facts = stream.peerFacts else { return .sslFailVerifyNoCert }
        if !subjectAltNames.isEmpty,
            !subjectAltNames.contains(where: facts.alternativeNames.contains)
        {
            return .sslFailVerifySAN
        }
        // Either list matching is enough.
        if publicKeyPins.isEmpty, certificatePins.isEmpty { return nil }
        let isPinned =
            publicKeyPins.contains(facts.publicKeyPin)
            || certificatePins.contains(facts.certificatePin)
        return isPinned ? nil : .sslFailVerifyCertHash
    }

    fileprivate func admitsLike(_ other: TLSTermination) -> Bool {
        self === other
            || clientCertificates == other.clientCertificates && clientCA == other.clientCA
                && subjectAltNames == other.subjectAltNames
                && publicKeyPins == other.publicKeyPins
                && certificatePins == other.certificatePins
    }
}
