// Which extensions a template comes to, in the order in which they are written.

extension CertificateTemplate {
    func extensions(
        subjectKeyIdentifier: [UInt8], authorityKeyIdentifier: [UInt8]?
    ) -> [CertificateExtension] {
        var extensions: [CertificateExtension] = []
        if let authority { extensions.append(.basicConstraints(authority)) }
        extensions.append(.keyUsage(keyUsage))
        if !extendedKeyUsage.isEmpty { extensions.append(.extendedKeyUsage(extendedKeyUsage)) }
        if !names.isEmpty {
            extensions.append(.subjectAltName(names, subjectIsEmpty: subject.isEmpty))
        }
        if !permittedURIHosts.isEmpty { extensions.append(.permittedURIHosts(permittedURIHosts)) }
        extensions.append(.subjectKeyIdentifier(subjectKeyIdentifier))
        if let authorityKeyIdentifier {
            extensions.append(.authorityKeyIdentifier(authorityKeyIdentifier))
        }
        return extensions
    }
}
