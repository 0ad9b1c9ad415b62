// Decodes the blocks of a traffic policy that bound connections: pool, outlier detection, TLS.
// One function a message, one case a field, as in the message's table.

extension FieldReader {
    func connectionPool(_ node: NodeID) -> ConnectionPoolSettings {
        var pool = ConnectionPoolSettings()
        pool.position = tree.position(node)
        var fields = open(node, .connectionPool)
        while let (name, value) = next(&fields) {
            switch name {
            case "tcp": pool.tcp = poolTCP(value)
            case "http": pool.http = poolHTTP(value)
            default: unread(name, fields)
            }
        }
        return pool
    }

    private func poolTCP(_ node: NodeID) -> ConnectionPoolSettings.TCP {
        var tcp = ConnectionPoolSettings.TCP()
        tcp.position = tree.position(node)
        var fields = open(node, .poolTCP)
        while let (name, value) = next(&fields) {
            switch name {
            case "maxConnections": tcp.maxConnections = int32(value)
            case "connectTimeout": tcp.connectTimeout = duration(value, zeroAllowed: false)
            case "tcpKeepalive": tcp.tcpKeepalive = tcpKeepalive(value)
            case "maxConnectionDuration": tcp.maxConnectionDuration = duration(value)
            case "idleTimeout": tcp.idleTimeout = duration(value)
            default: unread(name, fields)
            }
        }
        return tcp
    }

    private func tcpKeepalive(_ node: NodeID) -> ConnectionPoolSettings.Keepalive {
        var keepalive = ConnectionPoolSettings.Keepalive()
        var fields = open(node, .tcpKeepalive)
        while let (name, value) = next(&fields) {
            switch name {
            case "probes": keepalive.probes = uint32(value)
            case "time": keepalive.time = duration(value)
            case "interval": keepalive.interval = duration(value)
            default: unread(name, fields)
            }
        }
        return keepalive
    }

    private func poolHTTP(_ node: NodeID) -> ConnectionPoolSettings.HTTP {
        var http = ConnectionPoolSettings.HTTP()
        http.position = tree.position(node)
        var fields = open(node, .poolHTTP)
        while let (name, value) = next(&fields) {
            switch name {
            case "http1MaxPendingRequests": http.http1MaxPendingRequests = int32(value)
            case "http2MaxRequests": http.http2MaxRequests = int32(value)
            case "maxRequestsPerConnection": http.maxRequestsPerConnection = int32(value)
            case "maxRetries": http.maxRetries = int32(value)
            case "idleTimeout": http.idleTimeout = duration(value)
            case "h2UpgradePolicy":
                http.h2UpgradePolicy =
                    choice(value, ConnectionPoolSettings.HTTP.H2UpgradePolicy.self) ?? .byMesh
            case "useClientProtocol": http.useClientProtocol = bool(value)
            case "maxConcurrentStreams": http.maxConcurrentStreams = int32(value)
            case "http2KeepAlive": http.http2KeepAlive = connectionKeepalive(value)
            default: unread(name, fields)
            }
        }
        return http
    }

    private func connectionKeepalive(
        _ node: NodeID
    ) -> ConnectionPoolSettings.ConnectionKeepalive {
        var keepalive = ConnectionPoolSettings.ConnectionKeepalive()
        var fields = open(node, .connectionKeepalive)
        while let (name, value) = next(&fields) {
            switch name {
            case "interval": keepalive.interval = duration(value)
            case "timeout": keepalive.timeout = duration(value)
            default: unread(name, fields)
            }
        }
        return keepalive
    }

    func outlierDetection(_ node: NodeID) -> OutlierDetection {
        var detection = OutlierDetection()
        detection.position = tree.position(node)
        var fields = open(node, .outlierDetection)
        while let (name, value) = next(&fields) {
            switch name {
            case "consecutiveErrors":
                report(
                    .warning, at: value,
                    "`consecutiveErrors` is deprecated: it counts gateway errors (502, 503, 504), "
                        + "where Istio ignores it since 1.7",
                    "use `consecutiveGatewayErrors` or `consecutive5xxErrors`")
                detection.consecutiveErrors = int32(value)
            case "splitExternalLocalOriginErrors":
                detection.splitExternalLocalOriginErrors = bool(value)
            case "consecutiveLocalOriginFailures":
                detection.consecutiveLocalOriginFailures = uint32(value)
            case "consecutiveGatewayErrors": detection.consecutiveGatewayErrors = uint32(value)
            case "consecutive5xxErrors": detection.consecutive5xxErrors = uint32(value)
            case "interval": detection.interval = duration(value)
            case "baseEjectionTime": detection.baseEjectionTime = duration(value)
            case "maxEjectionPercent": detection.maxEjectionPercent = int32(value)
            case "minHealthPercent": detection.minHealthPercent = int32(value)
            case "outlierDetectionHttpErrorCodes":
                detection.outlierDetectionHttpErrorCodes = list(value) { uint32($0) ?? 0 }
            default: unread(name, fields)
            }
        }
        return detection
    }

    func clientTLS(_ node: NodeID) -> ClientTLSSettings {
        var tls = ClientTLSSettings()
        tls.position = tree.position(node)
        var fields = open(node, .clientTLS)
        while let (name, value) = next(&fields) {
            switch name {
            case "mode": tls.mode = choice(value, ClientTLSSettings.Mode.self) ?? .disable
            case "clientCertificate": tls.clientCertificate = string(value)
            case "privateKey": tls.privateKey = string(value)
            case "caCertificates": tls.caCertificates = string(value)
            case "credentialName": tls.credentialName = string(value)
            case "subjectAltNames": tls.subjectAltNames = strings(value)
            case "sni": tls.sni = string(value)
            case "insecureSkipVerify": tls.insecureSkipVerify = bool(value)
            case "caCrl": tls.caCrl = string(value)
            default: unread(name, fields)
            }
        }
        return tls
    }
}
