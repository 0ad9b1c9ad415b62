// From the names of certificates in a snapshot to the certificates: out of Secrets, or out of
// files. A chain whose certificate is missing or broken gets none, with the reason; every other
// chain is served as if nothing had happened.
internal import Mesh
internal import Net
internal import Proxy
internal import Spec
internal import TLS

/// What there is for the chains and the endpoints of one snapshot.
struct Credentials: Equatable {
    /// What workers take over.
    var settings = Worker.Credentials()
    /// In the order of listeners and chains.
    var problems: [CredentialProblem] = []
    /// Where each chain's certificates came from, in the order of listeners and chains.
    var uses: [CredentialUse] = []
    /// Folders in which files of certificates are.
    var folders: Set<String> = []
}

/// A chain, or a kind of upstream connection, that has its certificates.
struct CredentialUse: Equatable {
    /// `<listener name>/<chain name>`, or `UpstreamTLS.credentialKey`
    let chain: String
    /// `Secret default/web`, or the path of the certificate; one for each identity.
    let sources: [String]
}

struct CredentialReader {
    /// Bytes of one PEM file; a bundle of every public CA is a quarter of that.
    static let fileBytesMax = 1 << 20

    private let secrets: [String: Secret]
    /// This proxy's own; nil where it has none, or none yet.
    private let identity: WorkloadIdentity?
    private let read: (String) throws(NetError) -> [UInt8]

    /// - Parameter read: the bytes of a file; tests bring their own.
    init(
        _ secrets: [Secret], identity: WorkloadIdentity? = nil,
        read: @escaping (String) throws(NetError) -> [UInt8] = { path throws(NetError) in
            try File.read(path, bytesMax: CredentialReader.fileBytesMax)
        }
    ) {
        self.secrets = Dictionary(
            secrets.map { ("\($0.namespace)/\($0.name)", $0) }, uniquingKeysWith: { old, _ in old })
        self.identity = identity
        self.read = read
    }

    /// - Parameter known: what was found to work, or not, before: it is not tried again.
    func credentials(of snapshot: Snapshot, known: CredentialTrials) -> Credentials {
        var all = Credentials()
        for listener in snapshot.routing.listeners {
            for chain in listener.chains {
                guard let termination = chain.termination else { continue }
                let name = "\(listener.name)/\(chain.name)"
                all.folders.formUnion(termination.files.map(Self.folder))
                do throws(CredentialFailure) {
                    let settings = try settings(of: termination)
                    try known.check(settings, of: termination)
                    all.settings.servers[name] = settings
                    all.uses.append(
                        CredentialUse(
                            chain: name, sources: termination.credentials.map(\.place)))
                } catch {
                    all.problems.append(
                        CredentialProblem(
                            listener: listener.name, chain: chain.name, origin: chain.origin,
                            credential: error.credential, reason: error.reason))
                }
            }
        }
        readClients(of: snapshot, known: known, into: &all)
        return all
    }

    /// Each kind of credential once, however many endpoints use it.
    private func readClients(
        of snapshot: Snapshot, known: CredentialTrials, into all: inout Credentials
    ) {
        var seen: Set<String> = []
        for cluster in snapshot.clusters {
            for endpoint in cluster.knownEndpoints {
                guard let tls = endpoint.tls, seen.insert(tls.credentialKey).inserted else {
                    continue
                }
                all.folders.formUnion(tls.files.map(Self.folder))
                do throws(CredentialFailure) {
                    let settings = try settings(of: tls)
                    try known.check(settings, of: tls)
                    all.settings.clients[tls.credentialKey] = settings
                    if let credential = tls.identity {
                        all.uses.append(
                            CredentialUse(chain: tls.credentialKey, sources: [credential.place]))
                    }
                } catch {
                    all.problems.append(
                        CredentialProblem(
                            listener: "", chain: cluster.name, origin: tls.origin,
                            credential: error.credential, reason: error.reason))
                }
            }
        }
    }

    private func settings(of tls: UpstreamTLS) throws(CredentialFailure) -> TLSClientSettings {
        var settings = TLSClientSettings()
        if let credential = tls.identity { settings.identity = try identity(credential) }
        switch tls.trust {
        case .system: break
        case .nobody: settings.skipsVerification = true
        case .file(let path): settings.trustedCA = try file(path)
        case .workload:
            let own = try workload()
            settings.trustedCA = own.roots
            settings.revocations = own.revocations
            settings.allowsMissingLists = true
        case .secret(let namespace, let name):
            settings.trustedCA = try authority(beside: namespace, name)
            settings.revocations = revocations(beside: namespace, name) ?? []
        }
        if let path = tls.revocationFile { settings.revocations = try file(path) }
        return settings
    }

    private func workload() throws(CredentialFailure) -> WorkloadIdentity {
        guard let identity else {
            throw CredentialFailure(
                "the workload's identity",
                "this proxy has none: give it --ca, or --identity with a folder that "
                    + "`isthmus ca issue` made")
        }
        return identity
    }

    /// The CA in `<name>-cacert`, else the one in `name` itself.
    private func authority(
        beside namespace: String, _ name: String
    ) throws(CredentialFailure) -> [UInt8] {
        if let pem = secrets["\(namespace)/\(name)-cacert"]?.authority { return pem }
        if let pem = try secret(namespace, name).authority { return pem }
        throw CredentialFailure(
            "Secret \(namespace)/\(name)",
            "it has no ca.crt and no cacert, and there is no Secret \(namespace)/\(name)-cacert")
    }

    private func revocations(beside namespace: String, _ name: String) -> [UInt8]? {
        secrets["\(namespace)/\(name)-cacert"]?.revocations
            ?? secrets["\(namespace)/\(name)"]?.revocations
    }

    private func settings(
        of termination: TLSTermination
    ) throws(CredentialFailure) -> TLSServerSettings {
        guard !termination.credentials.isEmpty else {
            throw CredentialFailure("no Secret", "none is named that can be looked for")
        }
        var identities: [TLSIdentity] = []
        for credential in termination.credentials { identities.append(try identity(credential)) }
        var settings = TLSServerSettings(identities: identities)
        settings.minVersion = TLSVersion(rawValue: termination.minVersion) ?? .v12
        settings.maxVersion = TLSVersion(rawValue: termination.maxVersion) ?? .v13
        settings.cipherSuites = termination.cipherSuites
        settings.applicationProtocols = termination.applicationProtocols
        switch termination.clientCertificates {
        case .ignored: return settings
        case .optional: settings.clientCertificates = .optional
        case .required: settings.clientCertificates = .required
        }
        settings.skipsVerification = termination.skipsVerification
        if !termination.skipsVerification {
            settings.clientCA = try clientCA(of: termination)
            settings.revocations = try revocations(of: termination)
            settings.allowsMissingLists =
                termination.clientCA == .workload && termination.revocationFile == nil
        }
        return settings
    }

    private func identity(
        _ credential: TLSTermination.Credential
    ) throws(CredentialFailure) -> TLSIdentity {
        switch credential {
        case .workload: return try workload().identity
        case .files(let certificate, let key):
            return TLSIdentity(chain: try file(certificate), key: try file(key))
        case .secret(let namespace, let name):
            let secret = try secret(namespace, name)
            guard let pair = secret.identity else {
                throw CredentialFailure("\(credential)", secret.missingForIdentity ?? "it is empty")
            }
            var identity = TLSIdentity(chain: pair.certificate, key: pair.key)
            identity.staple = secret.staple ?? []
            return identity
        }
    }

    /// What client certificates are checked against: what is named for it, else `<name>-cacert`,
    /// else what lies beside the certificate.
    private func clientCA(of termination: TLSTermination) throws(CredentialFailure) -> [UInt8] {
        if termination.clientCA == .workload { return try workload().roots }
        if case .secret(let namespace, let name) = termination.clientCA {
            let secret = try secret(namespace, name)
            // Such a Secret may hold the CA as its certificate, as cert-manager's do.
            guard let pem = secret.authority ?? secret.value(.certificate) else {
                throw CredentialFailure("\(secret)", "it has no ca.crt and no cacert")
            }
            return pem
        }
        if let path = termination.clientCAFile { return try file(path) }
        for case .secret(let namespace, let name) in termination.credentials {
            if let pem = secrets["\(namespace)/\(name)-cacert"]?.authority { return pem }
            if let pem = secrets["\(namespace)/\(name)"]?.authority { return pem }
        }
        let first = termination.credentials[0]
        guard case .secret(let namespace, let name) = first else {
            throw CredentialFailure("\(first)", "no caCertificates to check clients against")
        }
        throw CredentialFailure(
            "\(first)",
            "no CA to check clients against: it has no ca.crt and no cacert, and there is no "
                + "Secret \(namespace)/\(name)-cacert")
    }

    private func revocations(of termination: TLSTermination) throws(CredentialFailure) -> [UInt8] {
        if let path = termination.revocationFile { return try file(path) }
        if termination.clientCA == .workload { return try workload().revocations }
        if case .secret(let namespace, let name) = termination.clientCA,
            let list = secrets["\(namespace)/\(name)"]?.revocations
        {
            return list
        }
        for case .secret(let namespace, let name) in termination.credentials {
            if let list = revocations(beside: namespace, name) { return list }
        }
        return []
    }

    private func secret(_ namespace: String, _ name: String) throws(CredentialFailure) -> Secret {
        guard let secret = secrets["\(namespace)/\(name)"] else {
            throw CredentialFailure("Secret \(namespace)/\(name)", "it does not exist")
        }
        return secret
    }

    private func file(_ path: String) throws(CredentialFailure) -> [UInt8] {
        do throws(NetError) {
            return try read(path)
        } catch {
            throw CredentialFailure(path, "\(error)")
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension FilterChain {
    /// nil for what is passed through.
    var termination: TLSTermination? {
        switch handling {
        case .terminateHTTP(let termination, _), .terminateTCP(let termination, _): termination
        case .passthrough: nil
        }
    }
}

extension TLSTermination {
    /// Paths of every file that is read for it.
    var files: [String] {
        var paths = [clientCAFile, revocationFile].compactMap { $0 }
        for case .files(let certificate, let key) in credentials { paths += [certificate, key] }
        return paths
    }
}

extension UpstreamTLS {
    /// Paths of every file that is read for it.
    fileprivate var files: [String] {
        var paths = [revocationFile].compactMap { $0 }
        if case .file(let path) = trust { paths.append(path) }
        if case .files(let certificate, let key) = identity { paths += [certificate, key] }
        return paths
    }
}

extension TLSCredential {
    /// Where the certificate is.
    fileprivate var place: String {
        switch self {
        case .secret, .workload: "\(self)"
        case .files(let certificate, _): certificate
        }
    }
}
