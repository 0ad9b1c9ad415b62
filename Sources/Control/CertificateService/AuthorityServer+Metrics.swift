// The service's metrics as Prometheus reads them.
internal import Authority
internal import PKI

extension AuthorityServer {
    /// Text exposition format 0.0.4.
    var metrics: String {
        var text = ""
        for row in counts.rows {
            text += "# HELP \(row.name) \(row.help)\n# TYPE \(row.name) \(row.kind)\n"
            text += "\(row.name) \(row.value)\n"
        }
        let now = now
        func expiry(_ name: String, _ what: String, _ certificate: Certificate) {
            let left = certificate.notAfter - now
            text += "# HELP citadel_server_\(name)_expiry_timestamp When \(what) ends.\n"
            text += "# TYPE citadel_server_\(name)_expiry_timestamp gauge\n"
            text +=
                "citadel_server_\(name)_expiry_timestamp \(certificate.notAfter.seconds)\n"
            text += "# HELP citadel_server_\(name)_expiry_seconds Seconds until \(what) ends.\n"
            text += "# TYPE citadel_server_\(name)_expiry_seconds gauge\n"
            text += "citadel_server_\(name)_expiry_seconds \(left)\n"
        }
        // Of several roots the one that ends first.
        let roots = registrar.rootCertificates
        if let root = roots.min(by: { $0.notAfter < $1.notAfter }) {
            expiry("root_cert", "the root", root)
        }
        expiry("cert_chain", "the signing certificate", registrar.issuer)
        return text
    }
}
