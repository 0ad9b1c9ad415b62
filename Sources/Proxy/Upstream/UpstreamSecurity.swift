// How one endpoint's connections for one name are encrypted: context, names, and the session to
// resume. Connections of different ones never stand in for each other.
import Mesh
import Net
import TLS

final class UpstreamSecurity {
    /// What is spoken inside.
    enum Inside { case http1, http2, bytes }

    let tls: UpstreamTLS
    let context: TLSContext
    /// Lower case, without port and brackets; where the name is fixed, that one.
    let name: [UInt8]
    private let nameText: String
    private let isAddress: Bool
    private var session: TLSSession?
    /// The configuration or a credential changed, or another name took its place: connections that
    /// are open finish what they have and are not used again.
    private(set) var isRetired = false

    init(_ tls: UpstreamTLS, context: TLSContext, name: [UInt8]) {
        self.tls = tls
        self.context = context
        self.name = name
        let text = String(decoding: name, as: UTF8.self)
        let address = PeerFacts.canonicalAddress(text)
        nameText = address ?? text
        isAddress = address != nil
    }

    func retire() { isRetired = true }

    /// A stream that has sent nothing yet.
    func stream(for inside: Inside, wallNs: UInt64) throws(DialFailure) -> TLSStream {
        var resumed: TLSSession?
        if let session, session.notAfter > Int64(wallNs / 1_000_000_000) { resumed = session }
        // RFC 8446 appendix C.4: a ticket that is used twice ties connections together.
        session = nil
        do throws(TLSError) {
            return try TLSStream(context, to: destination(inside), session: resumed)
        } catch {
            throw .credential
        }
    }

    private func destination(_ inside: Inside) -> TLSDestination {
        TLSDestination(
            serverName: isAddress || name.isEmpty ? nil : nameText,
            applicationProtocols: tls.isMeshMutual
                ? Self.meshProtocols(inside) : Self.protocols(inside),
            acceptedNames: acceptedNames)
    }

    /// `subjectAltNames`; else the name that was asked for (Envoy's auto_san_validation), but in
    /// the mesh, where names are not DNS names, any identity of it.
    private var acceptedNames: [String] {
        if tls.trust == .nobody { return [] }
        if !tls.subjectAltNames.isEmpty { return tls.subjectAltNames }
        return tls.isMeshMutual || name.isEmpty ? [] : [nameText]
    }

    private static func protocols(_ inside: Inside) -> [String] {
        switch inside {
        case .http1: ["http/1.1"]
        case .http2: ["h2"]
        case .bytes: []
        }
    }

    /// Istio's: by these a sidecar tells the mesh's TLS from its application's.
    private static func meshProtocols(_ inside: Inside) -> [String] {
        switch inside {
        case .http1: ["istio-http/1.1", "istio", "http/1.1"]
        case .http2: ["istio-h2", "istio", "h2"]
        case .bytes: ["istio-peer-exchange", "istio"]
        }
    }

    /// Keeps what the server gave for the next connection.
    func keep(_ session: TLSSession?) {
        if let session, !isRetired { self.session = session }
    }
}
