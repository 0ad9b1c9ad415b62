// Where a workload's identity comes from: files that somebody else keeps fresh, or an authority.
public import Authority
public import PKI

public enum IdentitySource: Sendable {
    /// A folder with `cert-chain.pem`, `key.pem`, `root-cert.pem` and, where there are lists,
    /// `ca-crl.pem`, as `isthmus ca issue --out` and Istio's agents write them. Replaced files are
    /// live at once.
    case folder(String)
    /// An authority that issues over gRPC, such as `isthmus ca serve`.
    case authority(AuthorityContact)
}

/// How to get and keep an identity from an authority.
public struct AuthorityContact: Sendable {
    public enum Token: Sendable, Equatable {
        case text(String)
        /// Read again at every attempt, so that a new one is found where the old one was.
        case file(String)
    }

    /// `HOST:15012`, a name or an address.
    public var address: String
    /// The name the authority's certificate must have; nil: the address's host.
    public var serverName: String?
    /// The file of certificates that the authority's own must lead to.
    public var rootsPath: String
    /// What proves who we are, the first time; not needed where `folder` has a valid identity.
    public var token: Token?
    public var workload: WorkloadName
    /// Where the identity is kept, so that a restart needs no new token; nil: only in memory.
    public var folder: String?
    /// nil: the authority's usual one.
    public var lifetime: Lifetime?
    public var key = KeyAlgorithm.p256
    /// Between two looks at the authority's roots and revocation lists: how long a revocation may
    /// take to be known here.
    public var refreshSeconds: Int64 = 60

    public init(
        address: String, rootsPath: String, workload: WorkloadName, token: Token? = nil,
        folder: String? = nil
    ) {
        self.address = address
        self.rootsPath = rootsPath
        self.workload = workload
        self.token = token
        self.folder = folder
    }

    /// - Throws: where the address is none.
    public func hostAndPort() throws(IdentityProblem) -> (host: String, port: UInt16) {
        if let colon = address.lastIndex(of: ":"),
            let port = UInt16(address[address.index(after: colon)...]), port > 0
        {
            let host = String(address[..<colon])
            let bare =
                host.hasPrefix("[") && host.hasSuffix("]")
                ? String(host.dropFirst().dropLast()) : host
            if !bare.isEmpty, bare == host ? !host.contains(":") : true { return (bare, port) }
        }
        throw IdentityProblem(
            "\"\(address)\" is no address of an authority; write HOST:PORT, as in "
                + "ca.example:15012")
    }
}
