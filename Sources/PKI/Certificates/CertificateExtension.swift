// The extensions that certificates and lists made here carry, each with its DER value.
// Which ones are critical follows RFC 5280 section 4.2 and the SPIFFE X509-SVID profile.

struct CertificateExtension: Equatable {
    enum Kind {
        case subjectKeyIdentifier
        case authorityKeyIdentifier
        case basicConstraints
        case keyUsage
        case extendedKeyUsage
        case subjectAltName
        case nameConstraints
        case crlNumber
        case crlReason
    }

    let kind: Kind
    let isCritical: Bool
    let value: [UInt8]

    /// Present in authorities only: without it, a certificate is an end entity's.
    static func basicConstraints(_ constraints: AuthorityConstraints) -> CertificateExtension {
        let length = constraints.pathLength.map { DER.integer(UInt64(clamping: $0)) } ?? []
        return CertificateExtension(
            kind: .basicConstraints, isCritical: true,
            value: DER.sequence([DER.boolean(true), length]))
    }

    static func keyUsage(_ usage: KeyUsage) -> CertificateExtension {
        CertificateExtension(
            kind: .keyUsage, isCritical: true, value: DER.namedBits(usage.rawValue))
    }

    static func extendedKeyUsage(_ usages: [ExtendedKeyUsage]) -> CertificateExtension {
        let identifiers = usages.map { DER.objectIdentifier($0.dotted) }
        return CertificateExtension(
            kind: .extendedKeyUsage, isCritical: false, value: DER.sequence(identifiers))
    }

    /// Critical when it is the only name (RFC 5280 section 4.2.1.6).
    static func subjectAltName(
        _ names: [GeneralName], subjectIsEmpty: Bool
    ) -> CertificateExtension {
        CertificateExtension(
            kind: .subjectAltName, isCritical: subjectIsEmpty,
            value: DER.sequence(names.compactMap(\.der)))
    }

    static func permittedURIHosts(_ hosts: [String]) -> CertificateExtension {
        let subtrees = hosts.compactMap { GeneralName.uri($0).der }.map { DER.sequence([$0]) }
        return CertificateExtension(
            kind: .nameConstraints, isCritical: true,
            value: DER.sequence([
                DER.value(tag: DER.constructedTag(0), subtrees.flatMap(\.self))
            ]))
    }

    static func subjectKeyIdentifier(_ identifier: [UInt8]) -> CertificateExtension {
        CertificateExtension(
            kind: .subjectKeyIdentifier, isCritical: false, value: DER.octetString(identifier))
    }

    static func authorityKeyIdentifier(_ identifier: [UInt8]) -> CertificateExtension {
        CertificateExtension(
            kind: .authorityKeyIdentifier, isCritical: false,
            value: DER.sequence([DER.value(tag: DER.implicitTag(0), identifier)]))
    }

    static func crlNumber(_ number: UInt64) -> CertificateExtension {
        CertificateExtension(kind: .crlNumber, isCritical: false, value: DER.integer(number))
    }

    static func crlReason(_ reason: RevocationReason) -> CertificateExtension {
        CertificateExtension(
            kind: .crlReason, isCritical: false, value: DER.enumerated(reason.rawValue))
    }
}
