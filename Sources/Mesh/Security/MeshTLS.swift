// What Istio's proxies have agreed on for mutual TLS between them: names for ALPN, and suites.
// The names are how a server tells a peer of the mesh from a client that speaks TLS by itself.
internal import Spec

enum MeshTLS {
    /// Any of these in a ClientHello: the client is a proxy of the mesh.
    static let clientProtocols = [
        "istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2",
    ]
    /// What is chosen of what such clients offer. `istio-peer-exchange` never is: it would promise
    /// a message of Envoy's own before the first byte.
    static let httpProtocols = ["h2", "http/1.1"]
    static let byteProtocols = ["istio"]
    /// For ports that name no protocol, where a client may speak HTTP to the application behind.
    static let anyProtocols = httpProtocols + byteProtocols
    /// For TLS 1.2 (Istio's listener builder).
    static let cipherSuites = [
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
    ]

    /// The server's side: this proxy's identity, and a client certificate of the mesh or nothing.
    static func termination(applicationProtocols: [String], origin: Origin) -> TLSTermination {
        TLSTermination(
            credentials: [.workload], clientCA: .workload, clientCertificates: .required,
            cipherSuites: cipherSuites, applicationProtocols: applicationProtocols,
            origin: origin)
    }

    /// `spiffe://cluster.local/ns/default/sa/bookinfo-reviews`; an `@` in a trust domain cannot be
    /// part of a URI's host (Istio's spiffe.genSpiffeURI).
    static func spiffeID(trustDomain: String, namespace: String, serviceAccount: String) -> String {
        let domain = String(trustDomain.map { $0 == "@" ? "." : $0 })
        return "spiffe://\(domain)/ns/\(namespace)/sa/\(serviceAccount)"
    }
}
