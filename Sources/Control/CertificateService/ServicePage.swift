// What is read without proving anything: roots and revocation lists are public by nature.

internal import PKI

struct ServicePage {
    let status: UInt16
    let type: String
    /// Names this content: who has it already is told so in place of it (RFC 9110 section 8.8.3).
    let tag: String?
    let body: [UInt8]

    init(status: UInt16, type: String, tag: String?, body: [UInt8]) {
        self.status = status
        self.type = type
        self.tag = tag
        self.body = body
    }

    init(pem: [UInt8]) {
        self.init(
            status: 200, type: "application/x-pem-file",
            tag: "\"\(Hex.text(Array(Digest.sha256.hash(pem).prefix(12))))\"", body: pem)
    }

    static let missing = ServicePage(
        status: 404, type: "text/plain", tag: nil,
        body: Array(
            "\(CertificateService.rootsPath)  \(CertificateService.listsPath)\n".utf8))
}
