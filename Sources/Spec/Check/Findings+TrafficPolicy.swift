// Checks connection pools, outlier detection and TLS towards destinations as Istio does
// (validateConnectionPool, validateOutlierDetection, validateTLS).
// A file that passes today has to pass when the rest of them acts.

extension Findings {
    mutating func check(_ pool: ConnectionPoolSettings) {
        if pool.tcp == nil, pool.http == nil {
            error(
                message: "a connectionPool that says nothing", advice: "write `tcp` or `http`")
        }
        if let tcp = pool.tcp {
            enter("tcp")
            check(notNegative: [("maxConnections", tcp.maxConnections)])
            leave()
        }
        guard let http = pool.http else { return }
        enter("http")
        defer { leave() }
        check(notNegative: [
            ("http1MaxPendingRequests", http.http1MaxPendingRequests),
            ("http2MaxRequests", http.http2MaxRequests),
            ("maxRequestsPerConnection", http.maxRequestsPerConnection),
            ("maxRetries", http.maxRetries), ("maxConcurrentStreams", http.maxConcurrentStreams),
        ])
        if http.h2UpgradePolicy == .upgrade, http.useClientProtocol {
            error(
                .field("useClientProtocol"),
                message: "`useClientProtocol` beside `h2UpgradePolicy: UPGRADE`",
                advice: "keep one of them")
        }
        if let keepAlive = http.http2KeepAlive,
            keepAlive.interval == nil || keepAlive.timeout == nil
        {
            error(
                .field("http2KeepAlive"), message: "`interval` and `timeout` belong together",
                advice: "write both")
        }
    }

    private mutating func check(notNegative values: [(String, Int32?)]) {
        for (field, value) in values {
            if let value, value < 0 {
                error(.field(field), message: "a negative \(field)", advice: "write 0 or more")
            }
        }
    }

    mutating func check(_ detection: OutlierDetection) {
        if detection.consecutiveLocalOriginFailures ?? 0 > 0,
            !detection.splitExternalLocalOriginErrors
        {
            error(
                .field("consecutiveLocalOriginFailures"),
                message: "`consecutiveLocalOriginFailures` counts only when errors are split",
                advice: "write `splitExternalLocalOriginErrors: true`")
        }
        for (field, value) in [
            ("maxEjectionPercent", detection.maxEjectionPercent),
            ("minHealthPercent", detection.minHealthPercent),
        ] {
            if let value, !(0...100).contains(value) {
                error(
                    .field(field), message: "\(value) is no percentage",
                    advice: "0 to 100 are allowed")
            }
        }
        for (index, code) in detection.outlierDetectionHttpErrorCodes.enumerated()
        where !(100...599).contains(code) {
            error(
                .field("outlierDetectionHttpErrorCodes"), .index(index),
                message: "\(code) is no status", advice: "100 to 599 are allowed")
        }
    }

    mutating func check(_ tls: ClientTLSSettings) {
        let hasFiles = !tls.clientCertificate.isEmpty || !tls.privateKey.isEmpty
        switch tls.mode {
        case .istioMutual:
            if hasFiles || !tls.caCertificates.isEmpty || !tls.credentialName.isEmpty
                || !tls.caCrl.isEmpty
            {
                error(
                    message: "ISTIO_MUTUAL brings its own certificates",
                    advice: "remove the certificates, or use MUTUAL")
            }
        case .mutual where tls.credentialName.isEmpty:
            if tls.clientCertificate.isEmpty || tls.privateKey.isEmpty {
                error(
                    message: "MUTUAL needs a certificate of the client",
                    advice: "write `clientCertificate` and `privateKey`, or `credentialName`")
            }
        case .mutual where hasFiles || !tls.caCertificates.isEmpty:
            error(
                message: "certificates from a Secret and from files",
                advice: "keep `credentialName` or the files")
        default: break
        }
        // RFC 6066 section 3.
        if tls.sni.contains("*") || AddressSyntax.isIP(tls.sni) {
            warning(
                .field("sni"),
                message: "`\(tls.sni)` is no server name, which is one whole name and no address",
                advice: "write the name that the server's certificate has, or leave `sni` out: "
                    + "requests then ask for their own host")
        }
        if tls.insecureSkipVerify == true,
            !tls.caCertificates.isEmpty || !tls.subjectAltNames.isEmpty
        {
            error(
                .field("insecureSkipVerify"),
                message: "`insecureSkipVerify` beside what is to be verified",
                advice: "remove it, or caCertificates and subjectAltNames")
        }
    }
}
