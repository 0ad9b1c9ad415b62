// `isthmus ca show`: what is in a file, in words.
import ArgumentParser
import Authority
import PKI

struct CAShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is in a file: certificates with days left, requests, revocation "
            + "lists. Never a private key.")

    @Argument(help: ArgumentHelp("PEM files, - for standard input.", valueName: "file"))
    var files: [String]

    func run() throws {
        try certifying {
            for path in files {
                let blocks = try readFile(path) { bytes throws(PKIError) in
                    try PEMBlock.parse(bytes)
                }
                guard !blocks.isEmpty else {
                    throw AuthorityError.badFile(path: path, .missing(.certificate))
                }
                var certificates: [Certificate] = []
                for block in blocks {
                    do throws(PKIError) {
                        Output.data(try text(block, &certificates))
                    } catch {
                        throw AuthorityError.badFile(path: path, error)
                    }
                }
                if certificates.count > 1 { Output.data(chain(certificates)) }
            }
        }
    }

    private func text(
        _ block: PEMBlock, _ certificates: inout [Certificate]
    ) throws(PKIError) -> String {
        let lines: [String]
        switch block.label {
        case .certificate:
            let certificate = try Certificate(der: block.der)
            certificates.append(certificate)
            lines = CertificateText.lines(certificate, at: .now)
        case .certificateRequest, .newCertificateRequest:
            lines = CertificateText.lines(try SigningRequest(der: block.der))
        case .revocationList:
            lines = CertificateText.lines(try RevocationList(der: block.der), at: .now)
        case .publicKey:
            lines = ["  key  \(try PublicKey(der: block.der).kind)"]
        case .ecParameters: return ""
        case .privateKey, .encryptedPrivateKey, .rsaPrivateKey, .ecPrivateKey:
            lines = ["  not shown"]
        }
        return ([block.label.noun] + lines).joined(separator: "\n") + "\n"
    }

    /// Whether each certificate was signed by the one after it.
    private func chain(_ certificates: [Certificate]) -> String {
        var text = "chain\n"
        for (index, certificate) in certificates.enumerated() {
            text +=
                "  \(index)  \(certificate.label), "
                + CertificateText.remaining(certificate, at: .now)
            if index + 1 < certificates.count {
                let key = try? certificates[index + 1].publicKey
                let isSigned = key.map { certificate.isSigned(by: $0) } ?? false
                text += isSigned ? ", signed by the next" : ", NOT signed by the next"
            } else if certificate.isSelfIssued {
                text += ", a root"
            }
            text += "\n"
        }
        return text
    }
}
