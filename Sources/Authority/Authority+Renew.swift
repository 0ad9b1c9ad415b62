// Renews a leaf: the same names, a new key, a new serial number.
public import PKI

extension Authority {
    /// What a certificate of this authority would be issued for again.
    ///
    /// An expired one can be renewed: who can read the authority's keys could issue it anyway, and
    /// a machine that was off too long must not be locked out for that.
    ///
    /// - Parameter path: for messages.
    /// - Throws: `.notIssuedHere`, `.notALeaf` or `.revoked`.
    public func renewal(
        of certificate: Certificate, key: PublicKey, lifetime: Lifetime? = nil, path: String
    ) throws(AuthorityError) -> LeafRequest {
        _ = try issuer(of: certificate, path: path)
        if certificate.isAuthority { throw .notALeaf(path: path) }
        let serial = certificate.serial
        if let entry = try ledger.entry(serial), case .revoked(_, let reason) = entry.state {
            throw .revoked(serial, reason)
        }
        let before =
            certificate.notAfter - certificate.notBefore - AuthorityLimits.backdateSeconds
        let usual = min(Lifetime(seconds: max(1, before)), AuthorityLimits.leafLifetimeMax)
        return LeafRequest(
            try subject(of: certificate), key: key, lifetime: lifetime ?? usual)
    }

    func subject(
        of certificate: Certificate
    ) throws(AuthorityError) -> LeafRequest.Subject {
        var identity: SPIFFEID?
        var hosts: [DNSName] = []
        var addresses: [[UInt8]] = []
        for name in certificate.names {
            try AuthorityError.wrapping { () throws(PKIError) in
                switch name {
                case .uri(let text): identity = try SPIFFEID(text)
                case .dns(let text): hosts.append(try DNSName(text))
                case .address(let bytes): addresses.append(bytes)
                case .email, .other: break
                }
            }
        }
        return if let identity {
            .workload(identity, hosts: hosts, addresses: addresses)
        } else {
            .gateway(hosts: hosts, addresses: addresses)
        }
    }
}
