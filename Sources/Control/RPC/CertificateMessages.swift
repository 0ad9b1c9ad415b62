// The messages of Istio's certificate service (istio/api `security/v1alpha1/ca.proto`).

enum CertificateService {
    static let path = "/istio.v1.auth.IstioCertificateService/CreateCertificate"
    /// Plain GETs beside it: what keepers read to learn of new roots and revocations.
    static let rootsPath = "/roots.pem"
    static let listsPath = "/crl.pem"
}

/// `IstioCertificateRequest`
struct CertificateRequestMessage: Equatable {
    /// PEM; field 1.
    var csr: [UInt8] = []
    /// Seconds; field 3. 0 is the authority's usual.
    var validityDuration: Int64 = 0
    // Field 4, `metadata`, is where Istio's agents say whose cluster they are of. Nothing in it is
    // proved by anything, so nothing here depends on it.

    init(csr: [UInt8], validityDuration: Int64 = 0) {
        self.csr = csr
        self.validityDuration = validityDuration
    }

    /// Of a field given twice the last one counts (protobuf.dev, "Last One Wins").
    init(_ message: [UInt8]) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let bytes)): csr = Array(bytes)
            case (3, .varint(let value)): validityDuration = Int64(bitPattern: value)
            case (1, _), (3, _), (4, .varint), (4, .fixed): throw ProtobufReader.Malformed()
            default: break
            }
        }
    }

    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, csr)
        writer.add(3, validityDuration)
        return writer.bytes
    }
}

/// `IstioCertificateResponse`
struct CertificateResponseMessage: Equatable {
    /// PEM: the leaf, what is between, the roots last; the last entry can hold several.
    var chain: [[UInt8]] = []

    init(chain: [[UInt8]]) { self.chain = chain }

    init(_ message: [UInt8]) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            guard case .bytes(let bytes) = field.value else { throw ProtobufReader.Malformed() }
            chain.append(Array(bytes))
        }
    }

    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        for entry in chain { writer.add(1, entry) }
        return writer.bytes
    }
}
