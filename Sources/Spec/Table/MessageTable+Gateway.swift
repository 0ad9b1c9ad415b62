// The fields of Gateway (networking/v1alpha3/gateway.proto).
// One table for servers and for ingress listeners of a Sidecar: Istio has one message.

extension MessageTable {
    static let gateway = MessageTable(
        "Gateway",
        [
            FieldRow("servers", .list(.message(server)), "The ports to open and what to serve."),
            FieldRow(
                "selector", .map(.string), "Labels of the gateways meant; none means all of them."),
        ])

    static let server = MessageTable(
        "Server",
        [
            FieldRow("port", .message(gatewayPort), "The port to open."),
            FieldRow(
                "bind", .string,
                "An IP address, `unix:///path` or `unix://@abstract`; all addresses by default."),
            FieldRow(
                "hosts", .list(.string),
                "Hosts served: exact, `*.suffix` or `*`; `namespace/`, `./` or `*/` before them "
                    + "limits whose VirtualServices may bind."),
            FieldRow("tls", .message(serverTLS), "TLS, or the redirect to it."),
            FieldRow(
                "defaultEndpoint", .string, .decodesOnly,
                "Documented by Istio, never implemented."),
            FieldRow("name", .string, .noEffect, "Prefix for statistics."),
        ])

    static let gatewayPort = MessageTable(
        "Port", usualField: "number",
        [
            FieldRow("number", .integer("uint32"), "1 to 65535; 0 with a unix bind."),
            FieldRow(
                "protocol", .choice(PortProtocol.self),
                "HTTP, HTTP2, GRPC and GRPC-WEB are served as HTTP; TCP, MONGO, MYSQL and REDIS as "
                    + "bytes; HTTPS as HTTP inside of TLS, TLS as bytes inside of it; HTTP_PROXY "
                    + "is a forward proxy."),
            FieldRow("name", .string, "Unique in the Gateway."),
            FieldRow("targetPort", .integer("uint32"), .noEffect, "Refused, as by Istio."),
        ])

    static let serverTLS = MessageTable(
        "ServerTLSSettings",
        [
            FieldRow(
                "httpsRedirect", .bool, "On a plain-text server: 301 to https for every request."),
            FieldRow(
                "mode", .choice(ServerTLSSettings.Mode.self),
                "PASSTHROUGH where it says nothing; AUTO_PASSTHROUGH goes by the SNI of the mesh, "
                    + "ISTIO_MUTUAL takes peers of the mesh alone."),
            FieldRow("serverCertificate", .string, "Path of a PEM file."),
            FieldRow("privateKey", .string, "Path of a PEM file."),
            FieldRow("caCertificates", .string, "Path of a PEM file; for MUTUAL."),
            FieldRow("caCrl", .string, "Path of a certificate revocation list."),
            FieldRow(
                "credentialName", .string,
                "A Secret with certificate and key, in the gateway's own namespace, else in that "
                    + "of the Gateway."),
            FieldRow("credentialNames", .list(.string), "One or two such Secrets."),
            FieldRow("caCertCredentialName", .string, "A Secret with CA certificates."),
            FieldRow(
                "tlsCertificates", .list(.message(tlsCertificate)),
                "One or two certificates from files."),
            FieldRow(
                "subjectAltNames", .list(.string), "Clients allowed, by exact name."),
            FieldRow(
                "verifyCertificateSpki", .list(.string),
                "Clients allowed, by key (SHA-256, base64)."),
            FieldRow(
                "verifyCertificateHash", .list(.string),
                "Clients allowed, by certificate (SHA-256, hex)."),
            FieldRow(
                "minProtocolVersion", .choice(ServerTLSSettings.Version.self),
                "TLS 1.2 where it says nothing."),
            FieldRow(
                "maxProtocolVersion", .choice(ServerTLSSettings.Version.self),
                "TLS 1.3 where it says nothing."),
            FieldRow("cipherSuites", .list(.string), "For TLS 1.2 and below."),
            FieldRow(
                "insecureSkipVerify", .bool, "With MUTUAL: takes untrusted clients."),
        ])

    static let tlsCertificate = MessageTable(
        "TLSCertificate",
        [
            FieldRow("serverCertificate", .string, "Path of a PEM file."),
            FieldRow("privateKey", .string, "Path of a PEM file."),
            FieldRow("caCertificates", .string, "Path of a PEM file."),
        ])
}
