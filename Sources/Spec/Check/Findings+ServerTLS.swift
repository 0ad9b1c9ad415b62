// Checks the TLS settings of a Gateway's server as Istio does (validateTLSOptions).
// What cannot work is said here, by file and line, and not by a handshake that fails.

extension Findings {
    mutating func checkTLS(of server: Gateway.Server) {
        let portProtocol = server.port.protocolName
        guard let tls = server.tls?.fields else {
            if portProtocol.isTLS {
                error(
                    message: "a server for \(portProtocol.rawValue) without `tls`",
                    advice: "write `tls` with a mode and a certificate")
            }
            return
        }
        enter("tls")
        defer { leave() }
        guard portProtocol.isTLS else {
            if portProtocol.isHTTP {
                if tls.isMoreThanRedirect {
                    error(
                        message: "TLS settings on a server for plain \(portProtocol.rawValue)",
                        advice: "write `protocol: HTTPS`; only `httpsRedirect` fits here")
                }
            } else if portProtocol != .unspecified {
                error(
                    message: "TLS settings on a server for \(portProtocol.rawValue)",
                    advice: "write `protocol: TLS` or remove them")
            }
            return
        }
        if tls.httpsRedirect {
            warning(
                .field("httpsRedirect"), message: "`httpsRedirect` has no effect on a TLS server",
                advice: "put it on the server for plain HTTP")
        }
        checkCertificates(tls)
        checkClientVerification(tls)
        checkVersionsAndCiphers(tls)
    }

    private mutating func checkCertificates(_ tls: ServerTLSSettings.Fields) {
        let mode = tls.mode ?? .passthrough
        let hasFiles = !tls.serverCertificate.isEmpty || !tls.privateKey.isEmpty
        let sources = [
            hasFiles, !tls.credentialName.isEmpty, !tls.credentialNames.isEmpty,
            !tls.tlsCertificates.isEmpty,
        ].count { $0 }
        switch mode {
        case .istioMutual:
            if sources > 0 || !tls.caCertificates.isEmpty || !tls.caCertCredentialName.isEmpty {
                error(
                    message: "ISTIO_MUTUAL brings its own certificates",
                    advice: "remove the certificates, or use MUTUAL")
            }
            return
        case .passthrough, .autoPassthrough:
            if sources > 0 || !tls.caCertificates.isEmpty {
                warning(
                    message: tls.mode == nil
                        ? "without a `mode` this is PASSTHROUGH, which ignores the certificates"
                        : "\(mode.rawValue) ignores the certificates",
                    advice: "write `mode: SIMPLE` to answer TLS here")
            }
            return
        case .simple, .mutual, .optionalMutual: break
        }
        if sources == 0 {
            error(
                message: "\(mode.rawValue) needs a certificate",
                advice: "write `credentialName`, or `serverCertificate` and `privateKey`")
        } else if sources > 1 {
            error(
                message: "certificates from more than one source",
                advice: "keep one of credentialName, credentialNames, tlsCertificates and files")
        }
        if hasFiles, tls.serverCertificate.isEmpty || tls.privateKey.isEmpty {
            error(
                message: tls.privateKey.isEmpty
                    ? "a certificate without its key" : "a key without its certificate",
                advice: "write both `serverCertificate` and `privateKey`")
        }
        if tls.credentialNames.count > 2 || tls.tlsCertificates.count > 2 {
            error(
                message: "more than two certificates",
                advice: "one RSA and one ECDSA certificate are enough")
        }
        for (index, certificate) in tls.tlsCertificates.enumerated()
        where certificate.serverCertificate.isEmpty || certificate.privateKey.isEmpty {
            error(
                .field("tlsCertificates"), .index(index),
                message: "a certificate needs `serverCertificate` and `privateKey`")
        }
        let hasSecret = !tls.credentialName.isEmpty || !tls.credentialNames.isEmpty
        if mode != .simple, tls.caCertificates.isEmpty, tls.caCertCredentialName.isEmpty,
            !hasSecret
        {
            error(
                message: "\(mode.rawValue) needs to know whose clients to trust",
                advice: "write `caCertificates` or `caCertCredentialName`")
        }
        if !tls.caCrl.isEmpty, hasSecret || mode == .simple {
            error(
                .field("caCrl"), message: "`caCrl` does not fit a Secret or mode SIMPLE",
                advice: "remove it, or use certificates from files with MUTUAL")
        }
    }

    private mutating func checkClientVerification(_ tls: ServerTLSSettings.Fields) {
        for (index, hash) in tls.verifyCertificateSpki.enumerated()
        where Base64.decode(hash.utf8)?.count != 32 {
            error(
                .field("verifyCertificateSpki"), .index(index),
                message: "`\(hash)` is no SHA-256 in base64", advice: "44 characters are needed")
        }
        for (index, hash) in tls.verifyCertificateHash.enumerated() {
            let digits = hash.filter { $0 != ":" }
            guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else {
                error(
                    .field("verifyCertificateHash"), .index(index),
                    message: "`\(hash)` is no SHA-256 in hex", advice: "64 digits are needed")
                continue
            }
        }
    }

    private mutating func checkVersionsAndCiphers(_ tls: ServerTLSSettings.Fields) {
        let lowest = tls.minProtocolVersion
        let highest = tls.maxProtocolVersion
        if lowest != .automatic, highest != .automatic, lowest.rawValue > highest.rawValue {
            error(
                .field("minProtocolVersion"),
                message: "the lowest version is above the highest",
                advice: "lower minProtocolVersion or raise maxProtocolVersion")
        }
        if lowest == .tls10 || lowest == .tls11, tls.cipherSuites.isEmpty {
            warning(
                .field("minProtocolVersion"),
                message: "TLS below 1.2 needs ciphers that are off by default",
                advice: "name them under `cipherSuites`, or ask for TLSV1_2")
        }
        var seen: Set<String> = []
        for (index, suite) in tls.cipherSuites.enumerated() {
            if !ServerTLSSettings.cipherSuites.contains(suite.value) {
                warning(
                    .field("cipherSuites"), .index(index),
                    message: "the cipher suite `\(suite.value)` is not known; it is ignored",
                    advice: Spelling.nearest(to: suite.value, among: ServerTLSSettings.cipherSuites)
                        .map { "did you mean `\($0)`?" } ?? "")
            } else if !seen.insert(suite.value).inserted {
                warning(
                    .field("cipherSuites"), .index(index),
                    message: "the cipher suite `\(suite.value)` is there twice")
            }
        }
    }
}

extension ServerTLSSettings.Fields {
    /// Says more than a server for plain HTTP may.
    fileprivate var isMoreThanRedirect: Bool {
        (mode != nil && mode != .passthrough && mode != .autoPassthrough)
            || !serverCertificate.isEmpty || !privateKey.isEmpty || !caCertificates.isEmpty
            || !credentialName.isEmpty || !credentialNames.isEmpty || !tlsCertificates.isEmpty
    }
}
