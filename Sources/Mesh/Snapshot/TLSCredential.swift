// Where a certificate and its key come from, by name alone.
// What is in them is read outside of Mesh, which does no IO: a snapshot never holds a key.

public enum TLSCredential: Sendable, Hashable {
    /// A Kubernetes Secret; the CA for the other side is in `<name>-cacert` or inside.
    case secret(namespace: String, name: String)
    /// Paths of PEM files.
    case files(certificate: String, key: String)
    /// This proxy's own SPIFFE identity and the roots of its mesh (ISTIO_MUTUAL).
    case workload
}
