// What stands behind the leaf in every answer, put together once for each signer.
internal import Authority
internal import PKI

struct ChainTail {
    private var certificates: [Certificate] = []
    private var texts: [[UInt8]] = []

    /// The intermediates, an entry each, and the roots together in the last one, as Istio's CA.
    mutating func entries(of issued: IssuedCertificate) -> [[UInt8]] {
        let wanted = issued.intermediates + issued.roots
        let isSame =
            wanted.count == certificates.count
            && zip(wanted, certificates).allSatisfy { $0 === $1 }
        if !isSame {
            certificates = wanted
            texts = issued.intermediates.map(\.pem) + [issued.rootsPEM]
        }
        return texts
    }
}
