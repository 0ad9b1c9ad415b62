// Revocation in a mesh whose authority has a new issuer: certificates of it come before its list.
import Authority
import Net
import PKI
import TLS
import Testing

@testable import Control

@Suite("lists of new issuers") struct MissingListTests {
    private let registry: Registry
    private let old: TLSIdentity
    private let oldLeaf: Certificate
    private let new: TLSIdentity
    private let server: TLSIdentity
    private let roots: [UInt8]
    /// Made before the rotation.
    private let lists: [UInt8]

    init() throws {
        let registry = try Registry()
        func identity() throws -> (TLSIdentity, Certificate) {
            let key = try PrivateKey.generate(.p256)
            let issued = try registry.authority.issue(
                LeafRequest(
                    .workload(
                        try Registry.workload().identity(in: .clusterLocal), hosts: [],
                        addresses: []), key: try key.publicKey))
            return (TLSIdentity(chain: issued.chainPEM, key: try key.pem()), issued.certificate)
        }
        let first = try identity()
        old = first.0
        oldLeaf = first.1
        server = try identity().0
        lists = try registry.authority.refreshLists()
        _ = try registry.authority.rotateIssuer()
        new = try identity().0
        roots = try registry.authority.bundle().flatMap(\.pem)
        self.registry = registry
    }

    /// Whether a server that has these lists takes a client, and a client with them the server.
    private func talks(
        _ client: TLSIdentity, lists: [UInt8], tolerantly: Bool, clientChecks: Bool = false,
        accepted: String? = nil
    ) throws -> Bool {
        var serving = TLSServerSettings(identities: [clientChecks ? client : server])
        serving.clientCertificates = .required
        serving.clientCA = roots
        if !clientChecks { serving.revocations = lists }
        serving.allowsMissingLists = tolerantly
        serving.applicationProtocols = []
        var dialling = TLSClientSettings()
        dialling.identity = clientChecks ? server : client
        dialling.trustedCA = roots
        if clientChecks { dialling.revocations = lists }
        dialling.allowsMissingLists = tolerantly
        // Names are judged by a callback of their own, which must be as lenient.
        let destination = TLSDestination(
            acceptedNames: [accepted ?? "spiffe://cluster.local/ns/default/sa/reviews"])
        let one = try TLSStream(TLSContext(client: dialling), to: destination)
        let other = try TLSStream(TLSContext(server: serving, ticketKeys: []))
        var toServer = Buffer()
        var toClient = Buffer()
        var progress = (client: TLSStream.Progress.needMore, server: TLSStream.Progress.needMore)
        for _ in 0..<10 {
            var used = 0
            if !one.isReady {
                progress.client = one.handshake(toClient.readable, offset: &used, out: &toServer)
                toClient.removeAll()
            }
            used = 0
            if !other.isReady {
                progress.server = other.handshake(toServer.readable, offset: &used, out: &toClient)
                toServer.removeAll()
            }
        }
        return progress.client == .ready && progress.server == .ready
    }

    @Test("a certificate of an issuer without a list is taken where that is allowed, both ways")
    func missing() throws {
        for clientChecks in [false, true] {
            #expect(
                try talks(new, lists: lists, tolerantly: true, clientChecks: clientChecks))
            #expect(
                try !talks(new, lists: lists, tolerantly: false, clientChecks: clientChecks))
            #expect(
                try talks(old, lists: lists, tolerantly: false, clientChecks: clientChecks))
        }
    }

    @Test("a missing list makes nobody somebody else")
    func names() throws {
        #expect(
            try !talks(
                new, lists: lists, tolerantly: true, clientChecks: true,
                accepted: "spiffe://cluster.local/ns/default/sa/ratings"))
    }

    @Test("who stands on a list that is there is refused, allowed or not")
    func revoked() throws {
        _ = try registry.authority.revoke(.serial(oldLeaf.serial), reason: .keyCompromise)
        let fresh = try registry.authority.refreshLists()
        for clientChecks in [false, true] {
            #expect(try !talks(old, lists: fresh, tolerantly: true, clientChecks: clientChecks))
            #expect(try talks(new, lists: fresh, tolerantly: true, clientChecks: clientChecks))
        }
    }
}
