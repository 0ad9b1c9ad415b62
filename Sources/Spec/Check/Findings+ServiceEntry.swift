// Checks ServiceEntry and WorkloadEntry as Istio does (ValidateServiceEntry,
// validateWorkloadEntry). Most of the rules follow from the resolution: where addresses come from
// decides what may be said.

extension Findings {
    mutating func check(_ entry: ServiceEntry) {
        checkHosts(of: entry)
        checkAddresses(of: entry)
        checkPorts(of: entry)
        if !entry.endpoints.isEmpty, entry.workloadSelector != nil {
            error(
                .field("workloadSelector"), message: "both `endpoints` and `workloadSelector`",
                advice: "keep one of them")
        }
        if let selector = entry.workloadSelector {
            enter("workloadSelector")
            check(labels: selector, named: "labels")
            leave()
        }
        checkResolution(of: entry)
        checkEndpoints(of: entry)
        check(exportTo: entry.exportTo, of: entry, nobodyAllowed: true)
    }

    private mutating func checkHosts(of entry: ServiceEntry) {
        if entry.hosts.isEmpty {
            error(message: "a ServiceEntry without `hosts`", advice: "write its names")
        } else if entry.hosts.count > 256 {
            error(.field("hosts"), message: "more than 256 hosts", advice: "split the entry")
        }
        for (index, host) in entry.hosts.enumerated() {
            enter("hosts", index)
            if host.value == "*" {
                error(
                    message: "`*` cannot be the host of a ServiceEntry",
                    advice: "write a name, or `*.` and a suffix")
            } else {
                check(host: host.value, wildcard: true)
                if NameSyntax.isOddWildcard(host.value) {
                    warning(
                        message: "`\(host.value)` matches every name that ends so",
                        advice: "write `*.` and a suffix, if that is meant")
                }
            }
            leave()
        }
    }

    private mutating func checkAddresses(of entry: ServiceEntry) {
        if entry.addresses.count > 256 {
            error(
                .field("addresses"), message: "more than 256 addresses", advice: "split the entry")
        }
        let blocksAllowed = entry.resolution == .none || entry.resolution == .fixed
        for (index, address) in entry.addresses.enumerated() {
            if AddressSyntax.isIP(address.value) { continue }
            if !AddressSyntax.isCIDR(address.value) {
                error(
                    .field("addresses"), .index(index),
                    message: "`\(address.value)` is no address and no block of addresses",
                    advice: "write 10.1.2.3 or 10.1.2.0/24; names belong under `hosts`")
            } else if !blocksAllowed {
                error(
                    .field("addresses"), .index(index),
                    message: "a block of addresses with resolution \(entry.resolution.rawValue)",
                    advice: "blocks need resolution NONE or STATIC")
            }
        }
    }

    private mutating func checkPorts(of entry: ServiceEntry) {
        if entry.ports.isEmpty {
            error(
                message: "a ServiceEntry without `ports`",
                advice: "write number, name and protocol of each")
        }
        var numbers: Set<UInt16> = []
        var names: Set<String> = []
        for (index, port) in entry.ports.enumerated() {
            enter("ports", index)
            if port.number == 0 {
                error(message: "a port without a number", advice: "write `number`, 1 to 65535")
            } else if !numbers.insert(port.number).inserted {
                error(
                    .field("number"), message: "port \(port.number) is there twice",
                    advice: "keep one of the two")
            }
            if port.name.isEmpty {
                error(message: "a port without a name", advice: "write `name`, such as http")
            } else if !NameSyntax.isLabel(port.name) {
                error(
                    .field("name"), message: "`\(port.name)` is no name for a port",
                    advice: "use small letters, digits and dashes")
            } else if !names.insert(port.name).inserted {
                error(
                    .field("name"), message: "the port name `\(port.name)` is there twice",
                    advice: "rename one of the two")
            }
            checkSharing(of: port, entry)
            leave()
        }
        // Plain TCP has nothing in it that tells one host from another.
        let hasPlain = entry.ports.contains { $0.protocolName.isTCP }
        if entry.hosts.count > 1, hasPlain, entry.resolution != .none {
            error(
                .field("hosts"), message: "several hosts share a port for plain TCP",
                advice: "write one ServiceEntry a host")
        }
    }

    private mutating func checkResolution(of entry: ServiceEntry) {
        let hasWildcard = entry.hosts.contains { $0.value.hasPrefix("*") }
        switch entry.resolution {
        case .none:
            if !entry.endpoints.isEmpty {
                error(
                    .field("endpoints"),
                    message: "resolution NONE sends connections where they were going, and there "
                        + "are `endpoints`",
                    advice: "write `resolution: STATIC`, or DNS for names")
            }
        case .fixed:
            if entry.endpoints.isEmpty, entry.workloadSelector == nil {
                warning(
                    message: "resolution STATIC without endpoints: nobody answers",
                    advice: "write `endpoints` or `workloadSelector`")
            }
        case .dns:
            if hasWildcard, entry.endpoints.isEmpty {
                error(
                    .field("hosts"), message: "DNS cannot resolve a wildcard",
                    advice: "write whole names, or `endpoints`")
            }
        case .dnsRoundRobin:
            if hasWildcard, entry.endpoints.isEmpty {
                error(
                    .field("hosts"), message: "DNS cannot resolve a wildcard",
                    advice: "write whole names, or an endpoint")
            }
            if entry.endpoints.count > 1 {
                error(
                    .field("endpoints"), message: "DNS_ROUND_ROBIN takes a single endpoint",
                    advice: "write `resolution: DNS`")
            }
        case .dynamicDNS: checkDynamic(entry)
        }
    }

    private mutating func checkDynamic(_ entry: ServiceEntry) {
        for (index, host) in entry.hosts.enumerated() where !host.value.hasPrefix("*") {
            error(
                .field("hosts"), .index(index),
                message: "DYNAMIC_DNS takes wildcards, and `\(host.value)` is none",
                advice: "write `resolution: DNS`, or `*.` and a suffix")
        }
        if !entry.addresses.isEmpty || !entry.endpoints.isEmpty || entry.workloadSelector != nil {
            error(
                message: "DYNAMIC_DNS finds its addresses by itself",
                advice: "remove addresses, endpoints and workloadSelector")
        }
        for (index, port) in entry.ports.enumerated()
        where ![.http, .http2, .grpc, .tls].contains(port.protocolName) {
            error(
                .field("ports"), .index(index), .field("protocol"),
                message: "DYNAMIC_DNS needs a host name in the traffic",
                advice: "write HTTP, HTTP2, GRPC or TLS")
        }
    }

    private mutating func checkEndpoints(of entry: ServiceEntry) {
        let names = Set(entry.ports.map(\.name))
        for (index, endpoint) in entry.endpoints.enumerated() {
            enter("endpoints", index)
            check(endpoint)
            for name in endpoint.ports.keys.sorted() where !names.contains(name) {
                error(
                    .field("ports"), .field(name),
                    message: "the ServiceEntry has no port named `\(name)`",
                    advice: Spelling.nearest(to: name, among: names.sorted())
                        .map { "did you mean `\($0)`?" } ?? "name one of its ports")
            }
            let isUnix = AddressSyntax.isUnix(endpoint.address)
            if isUnix, entry.resolution != .fixed {
                error(
                    .field("address"), message: "a unix socket needs resolution STATIC",
                    advice: "write `resolution: STATIC`")
            } else if isUnix, entry.ports.count != 1 {
                error(
                    .field("address"),
                    message: "a unix socket serves one port, and there are "
                        + "\(entry.ports.count)",
                    advice: "write one ServiceEntry a port")
            } else if entry.resolution == .fixed, !isUnix, !endpoint.address.isEmpty,
                !AddressSyntax.isIP(endpoint.address)
            {
                error(
                    .field("address"),
                    message: "`\(endpoint.address)` is a name, and resolution is STATIC",
                    advice: "write an IP address, or `resolution: DNS`")
            }
            leave()
        }
    }

    // MARK: - Workloads

    mutating func check(_ entry: WorkloadEntry) { check(entry.endpoint) }

    private mutating func check(_ endpoint: WorkloadEndpoint) {
        let address = endpoint.address
        if address.isEmpty {
            if endpoint.network.isEmpty {
                error(message: "an endpoint without `address`", advice: "write an IP address")
            }
        } else if AddressSyntax.isUnix(address) {
            if let complaint = AddressSyntax.complaint(unix: address) {
                error(
                    .field("address"), message: complaint, advice: "write unix:///run/x.sock")
            }
            if !endpoint.ports.isEmpty {
                error(
                    .field("ports"), message: "a unix socket has no ports", advice: "remove them")
            }
        } else if !AddressSyntax.isIP(address),
            let complaint = NameSyntax.complaint(host: address, wildcard: false)
        {
            error(
                .field("address"),
                message: AddressSyntax.isCIDR(address)
                    ? "`\(address)` is a block of addresses" : "\(complaint): `\(address)`",
                advice: "write one IP address, a name or unix:///path")
        }
        for name in endpoint.ports.keys.sorted() where !NameSyntax.isLabel(name) {
            error(
                .field("ports"), .field(name), message: "`\(name)` is no name for a port",
                advice: "use small letters, digits and dashes")
        }
        check(labels: endpoint.labels, named: "labels")
    }
}
