// What is read without proving anything: roots and revocation lists are public by nature.

struct ServicePage {
    let status: UInt16
    let type: String
    /// Names this content: who has it already is told so in place of it (RFC 9110 section 8.8.3).
    let tag: String?
    let body: [UInt8]

    static let missing = ServicePage(
        status: 404, type: "text/plain", tag: nil,
        body: Array(
            "\(CertificateService.rootsPath)  \(CertificateService.listsPath)\n".utf8))
}
