// Decodes Gateway. One function a message, one case a field, as in the message's table.

extension FieldReader {
    func gateway(_ parts: ObjectParts) -> Gateway {
        var selector: [String: String] = [:]
        var servers: [Gateway.Server] = []
        if let spec = parts.spec {
            var fields = open(spec, .gateway)
            while let (name, value) = next(&fields) {
                switch name {
                case "servers": servers = list(value, server)
                case "selector": selector = stringMap(value)
                default: unread(name, fields)
                }
            }
        }
        return Gateway(
            metadata: parts.metadata, source: parts.source, selector: selector, servers: servers)
    }

    private func server(_ node: NodeID) -> Gateway.Server {
        var server = Gateway.Server()
        server.position = tree.position(node)
        var fields = open(node, .server)
        while let (name, value) = next(&fields) {
            switch name {
            case "port":
                server.port = listenerPort(
                    value, .gatewayPort, of: "a Gateway",
                    advice: "the port is the one that is opened")
            case "bind": server.bind = string(value)
            case "hosts": server.hosts = locatedStrings(value)
            case "tls": server.tls = serverTLS(value)
            case "defaultEndpoint": server.defaultEndpoint = string(value)
            case "name": server.name = string(value)
            default: unread(name, fields)
            }
        }
        return server
    }

    /// - Parameter advice: why there is no `targetPort`.
    func listenerPort(
        _ node: NodeID, _ table: MessageTable, of owner: String, advice: String
    ) -> Gateway.Port {
        var port = Gateway.Port()
        port.position = tree.position(node)
        var fields = open(node, table)
        while let (name, value) = next(&fields) {
            switch name {
            case "number": port.number = self.port(value, zeroAllowed: true) ?? 0
            case "protocol":
                port.protocolName =
                    choice(value, PortProtocol.self, ignoringCase: true) ?? .unspecified
            case "name": port.name = sharedString(value)
            case "targetPort":
                error(at: value, "\(owner)'s port has no targetPort", "remove it; \(advice)")
            default: unread(name, fields)
            }
        }
        return port
    }

    func serverTLS(_ node: NodeID) -> ServerTLSSettings {
        var tls = ServerTLSSettings.Fields()
        tls.position = tree.position(node)
        var fields = open(node, .serverTLS)
        while let (name, value) = next(&fields) {
            switch name {
            case "httpsRedirect": tls.httpsRedirect = bool(value)
            case "mode": tls.mode = choice(value, ServerTLSSettings.Mode.self)
            case "serverCertificate": tls.serverCertificate = string(value)
            case "privateKey": tls.privateKey = string(value)
            case "caCertificates": tls.caCertificates = string(value)
            case "caCrl": tls.caCrl = string(value)
            case "credentialName":
                tls.credentialName = sharedString(value)
                tls.credentialPosition = tree.position(value)
            case "credentialNames":
                tls.credentialNames = strings(value)
                tls.credentialPosition = tree.position(value)
            case "caCertCredentialName": tls.caCertCredentialName = string(value)
            case "tlsCertificates": tls.tlsCertificates = list(value, tlsCertificate)
            case "subjectAltNames": tls.subjectAltNames = strings(value)
            case "verifyCertificateSpki": tls.verifyCertificateSpki = strings(value)
            case "verifyCertificateHash": tls.verifyCertificateHash = strings(value)
            case "minProtocolVersion":
                tls.minProtocolVersion =
                    choice(value, ServerTLSSettings.Version.self) ?? .automatic
            case "maxProtocolVersion":
                tls.maxProtocolVersion =
                    choice(value, ServerTLSSettings.Version.self) ?? .automatic
            case "cipherSuites": tls.cipherSuites = locatedStrings(value)
            case "insecureSkipVerify": tls.insecureSkipVerify = bool(value)
            default: unread(name, fields)
            }
        }
        return ServerTLSSettings(tls)
    }

    private func tlsCertificate(_ node: NodeID) -> ServerTLSSettings.Certificate {
        var certificate = ServerTLSSettings.Certificate()
        certificate.position = tree.position(node)
        var fields = open(node, .tlsCertificate)
        while let (name, value) = next(&fields) {
            switch name {
            case "serverCertificate": certificate.serverCertificate = string(value)
            case "privateKey": certificate.privateKey = string(value)
            case "caCertificates": certificate.caCertificates = string(value)
            default: unread(name, fields)
            }
        }
        return certificate
    }
}
