// Checks Sidecar as Istio does (ValidateSidecar).
// One rule is wider: an application may listen on any loopback address, for without namespaces of
// the network several workloads share one machine.

extension Findings {
    mutating func check(_ sidecar: Sidecar) {
        enter("workloadSelector")
        check(labels: sidecar.workloadSelector, named: "labels")
        leave()
        if sidecar.ingress.isEmpty, sidecar.egress.isEmpty, sidecar.inboundConnectionPool == nil,
            sidecar.outboundTrafficPolicy == nil
        {
            error(
                message: "a Sidecar that says nothing",
                advice: "write ingress, egress or outboundTrafficPolicy, or remove it")
        }
        var ports: Set<UInt16> = []
        for (index, listener) in sidecar.ingress.enumerated() {
            enter("ingress", index)
            check(listener, seen: &ports)
            leave()
        }
        checkEgress(sidecar)
        if let pool = sidecar.inboundConnectionPool {
            enter("inboundConnectionPool")
            check(pool)
            leave()
        }
        if let policy = sidecar.outboundTrafficPolicy { check(policy) }
    }

    private mutating func check(_ listener: Sidecar.Ingress, seen ports: inout Set<UInt16>) {
        guard let port = listener.port else {
            error(
                message: "an ingress listener without a port",
                advice: "write `port: {number: 9080, protocol: HTTP, name: http}`")
            return
        }
        check(port, bind: listener.bind, unixAllowed: false)
        if port.number != 0, !ports.insert(port.number).inserted {
            error(
                .field("port"), .field("number"),
                message: "two ingress listeners for port \(port.number)",
                advice: "remove one of the two")
        }
        check(defaultEndpoint: listener.defaultEndpoint.value)
        if let tls = listener.tls { check(tls, of: port) }
        if let pool = listener.connectionPool {
            enter("connectionPool")
            check(pool)
            if pool.http != nil, !port.protocolName.isHTTP {
                warning(
                    .field("http"),
                    message: "limits for HTTP on a port for "
                        + (port.protocolName == .unspecified
                            ? "no named protocol" : port.protocolName.rawValue),
                    advice: "only `tcp` applies here")
            }
            leave()
        }
    }

    private mutating func check(defaultEndpoint text: String) {
        if text.isEmpty { return }
        enter("defaultEndpoint")
        defer { leave() }
        if AddressSyntax.isUnix(text) {
            if let complaint = AddressSyntax.complaint(unix: text) {
                error(message: complaint, advice: "write unix:///run/app.sock")
            }
        } else if Sidecar.endpoint(text) == nil {
            error(
                message: "`\(text)` is no endpoint of the workload",
                advice: "write 127.0.0.1:8080 (or another loopback address), 0.0.0.0:8080, "
                    + "[::1]:8080 or unix:///path")
        }
    }

    private mutating func check(_ tls: ServerTLSSettings, of port: Sidecar.Port) {
        var server = Gateway.Server()
        server.port.protocolName = port.protocolName
        server.tls = tls
        checkTLS(of: server)
        enter("tls")
        defer { leave() }
        let fields = tls.fields
        if !port.protocolName.isTLS {
            error(
                message: "TLS settings on a port for another protocol",
                advice: "write `protocol: HTTPS` or `TLS`")
        }
        if tls.mode == .istioMutual || tls.mode == .autoPassthrough {
            error(
                .field("mode"), message: "\(tls.mode.rawValue) is no mode of an ingress listener",
                advice: "write SIMPLE or MUTUAL; a PeerAuthentication decides about mutual TLS")
        }
        for (field, isWritten) in [
            ("subjectAltNames", !fields.subjectAltNames.isEmpty),
            ("httpsRedirect", fields.httpsRedirect),
            ("credentialName", !fields.credentialName.isEmpty),
            ("credentialNames", !fields.credentialNames.isEmpty),
            ("tlsCertificates", !fields.tlsCertificates.isEmpty),
        ] where isWritten {
            error(
                .field(field), message: "`\(field)` is not for ingress listeners",
                advice: "remove it; certificates come from files here")
        }
    }

    private mutating func checkEgress(_ sidecar: Sidecar) {
        var ports: Set<UInt16> = []
        var sockets: Set<String> = []
        for (index, listener) in sidecar.egress.enumerated() {
            enter("egress", index)
            defer { leave() }
            if let port = listener.port {
                check(port, bind: listener.bind, unixAllowed: true)
                if port.number == 0, !listener.bind.isEmpty,
                    !sockets.insert(listener.bind).inserted
                {
                    error(
                        .field("bind"), message: "two egress listeners on \(listener.bind)",
                        advice: "put their hosts together")
                } else if port.number != 0, !ports.insert(port.number).inserted {
                    error(
                        .field("port"), .field("number"),
                        message: "two egress listeners for port \(port.number)",
                        advice: "put their hosts together")
                }
                if port.number == 0, listener.captureMode == .iptables {
                    error(
                        .field("captureMode"),
                        message: "packets to a unix socket cannot be captured",
                        advice: "write NONE")
                }
            } else if index < sidecar.egress.count - 1 {
                error(
                    message: "an egress listener without a port before others",
                    advice: "there can be one, and it comes last")
            }
            check(egressHosts: listener.hosts)
        }
    }

    /// `namespace/dns`
    private mutating func check(egressHosts hosts: [Located<String>]) {
        if hosts.isEmpty {
            error(
                message: "an egress listener without hosts",
                advice: "write `hosts: [\"./*\"]` for its own namespace, \"*/*\" for all")
        }
        var seen: Set<String> = []
        for (index, host) in hosts.enumerated() {
            enter("hosts", index)
            defer { leave() }
            let parts = host.value.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                error(
                    message: "`\(host.value)` names no namespace",
                    advice: "write ./\(host.value), */\(host.value) or namespace/\(host.value)")
                continue
            }
            if !["*", ".", "~"].contains(parts[0]), !NameSyntax.isLabel(parts[0]) {
                error(
                    message: "`\(parts[0])` is no namespace",
                    advice: "write `*`, `.`, `~` or a namespace")
            } else if let complaint = NameSyntax.complaint(host: String(parts[1])) {
                error(message: complaint, advice: "write a host name, `*.` and a suffix, or `*`")
            } else if !seen.insert(host.value).inserted {
                warning(message: "`\(host.value)` is there twice", advice: "keep one of the two")
            }
        }
    }

    private mutating func check(_ port: Sidecar.Port, bind: String, unixAllowed: Bool) {
        if !port.name.isEmpty, !NameSyntax.isLabel(port.name) {
            error(
                .field("port"), .field("name"), message: "`\(port.name)` is no name for a port",
                advice: "use small letters, digits and dashes")
        }
        if unixAllowed, port.number == 0 {
            if !AddressSyntax.isUnix(bind) {
                error(
                    .field("port"), message: "a port without `number`",
                    advice: "write 1 to 65535, or a `bind` of unix:///path")
            } else if let complaint = AddressSyntax.complaint(unix: bind) {
                error(.field("bind"), message: complaint, advice: "write unix:///run/out.sock")
            }
            return
        }
        if port.number == 0 {
            error(
                .field("port"), message: "a port without `number`",
                advice: "write 1 to 65535")
        }
        if !bind.isEmpty, !AddressSyntax.isIP(bind) {
            error(
                .field("bind"), message: "`\(bind)` is no IP address", advice: "write 127.0.0.1")
        }
    }

    private mutating func check(_ policy: Sidecar.OutboundTrafficPolicy) {
        guard let proxy = policy.egressProxy else { return }
        enter("outboundTrafficPolicy")
        defer { leave() }
        if policy.mode != .allowAny {
            error(
                .field("egressProxy"), message: "`egressProxy` needs mode ALLOW_ANY",
                advice: "write `mode: ALLOW_ANY`")
        }
        enter("egressProxy")
        checkFields(of: proxy)
        if proxy.port == nil {
            error(message: "an egressProxy without a port", advice: "write `port: {number: 80}`")
        }
        leave()
    }
}

extension Sidecar {
    /// The two parts of a `defaultEndpoint` that is no socket: an empty, unspecified or loopback
    /// address and a port; nil for anything else.
    public static func endpoint(_ text: String) -> (address: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty || host == "0.0.0.0" || host == "[::]" || host == "[::1]" {
            return (String(host.filter { $0 != "[" && $0 != "]" }), port)
        }
        return AddressSyntax.isIPv4(host) && host.hasPrefix("127.") ? (String(host), port) : nil
    }
}
