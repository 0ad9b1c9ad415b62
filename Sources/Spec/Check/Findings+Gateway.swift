// Checks Gateway as Istio does (pkg/config/validation, ValidateGateway).
// A server that cannot be opened as written is an error of the file and not of the start.

extension Findings {
    mutating func check(_ gateway: Gateway) {
        if gateway.servers.isEmpty {
            error(
                message: "a Gateway without servers", advice: "write at least one under `servers`")
        }
        check(labels: gateway.selector, named: "selector")
        var portNames: Set<String> = []
        var names: Set<String> = []
        for (index, server) in gateway.servers.enumerated() {
            enter("servers", index)
            defer { leave() }
            check(server)
            if !server.port.name.isEmpty, !portNames.insert(server.port.name).inserted {
                error(
                    .field("port"), .field("name"),
                    message: "two servers name their port `\(server.port.name)`",
                    advice: "port names are unique in a Gateway")
            }
            if !server.name.isEmpty, !names.insert(server.name).inserted {
                warning(
                    .field("name"), message: "two servers are called `\(server.name)`",
                    advice: "their statistics will not be told apart")
            }
        }
    }

    private mutating func check(_ server: Gateway.Server) {
        check(server.port, bind: server.bind)
        if server.hosts.isEmpty {
            error(
                message: "a server without hosts", advice: "write `hosts: [\"*\"]` for every host")
        }
        for (index, host) in server.hosts.enumerated() {
            enter("hosts", index)
            check(serverHost: host.value)
            leave()
        }
        if !server.defaultEndpoint.isEmpty {
            warning(
                .field("defaultEndpoint"),
                message: "`defaultEndpoint` has no effect, in Istio neither",
                advice: "route with a VirtualService")
        }
        checkTLS(of: server)
    }

    private mutating func check(_ port: Gateway.Port, bind: String) {
        enter("port")
        defer { leave() }
        if port.name.isEmpty {
            error(message: "a port without a name", advice: "write `name`, such as http")
        } else if !NameSyntax.isLabel(port.name) {
            error(
                .field("name"), message: "`\(port.name)` is no name for a port",
                advice: "use small letters, digits and dashes")
        }
        if port.protocolName == .unspecified {
            error(message: "a port without a protocol", advice: "write `protocol: HTTP` or TCP")
        } else if port.protocolName == .udp {
            error(.field("protocol"), message: "UDP is not proxied", advice: "use HTTP or TCP")
        }
        if AddressSyntax.isUnix(bind) {
            if let complaint = AddressSyntax.complaint(unix: bind) {
                leave()
                error(.field("bind"), message: complaint, advice: "write unix:///run/x.sock")
                enter("port")
            }
            if port.number != 0 {
                error(
                    .field("number"), message: "a unix socket has no port",
                    advice: "write `number: 0`")
            }
            return
        }
        if port.number == 0 {
            error(
                message: "a port without a number", advice: "write `number`, 1 to 65535")
        }
        if !bind.isEmpty, !AddressSyntax.isIP(bind) {
            leave()
            error(
                .field("bind"), message: "`\(bind)` is no IP address and no unix socket",
                advice: "write 127.0.0.1, :: or unix:///run/x.sock")
            enter("port")
        }
    }

    /// `dns`, `namespace/dns`, `./dns`, `*/dns`
    private mutating func check(serverHost text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = String(parts[parts.count - 1])
        if parts.count == 2, parts[0] != "*", parts[0] != ".", !NameSyntax.isLabel(parts[0]) {
            error(
                message: "`\(parts[0])` is no namespace",
                advice: "write namespace/host, ./host or host")
        }
        if let complaint = NameSyntax.complaint(host: host) {
            if !AddressSyntax.isIP(host) {
                error(
                    message: complaint, advice: "write a host name, `*.` and a suffix, or `*`")
            }
        } else if NameSyntax.isOddWildcard(host) {
            warning(
                message: "`\(host)` matches every name that ends so",
                advice: "write `*.` and a suffix, if that is meant")
        }
    }
}
