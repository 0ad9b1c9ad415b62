// Checks VirtualService as Istio does (pkg/config/validation/virtualservice.go); HTTP rules have a
// file of their own.
// Hosts are checked against each other here and against Gateways when compiling.

extension Findings {
    mutating func check(_ service: VirtualService) {
        let isForMesh =
            service.gateways.isEmpty
            || service.gateways.contains { $0.value == GatewayName.mesh }
        if service.isDelegate {
            checkDelegate(service)
        } else {
            check(hosts: service.hosts, isForMesh: isForMesh)
        }
        check(gateways: service.gateways)
        check(exportTo: service.exportTo, of: service, nobodyAllowed: true)
        if service.http.isEmpty, service.tls.isEmpty, service.tcp.isEmpty {
            error(
                message: "a VirtualService without rules",
                advice: "write at least one under `http`, `tcp` or `tls`")
        }
        for (index, route) in service.http.enumerated() {
            enter("http", index)
            check(route, isDelegate: service.isDelegate)
            for (index, match) in route.match.enumerated() {
                check(match.conditions?.value.gateways ?? [], ofMatch: index, service)
            }
            leave()
        }
        for (index, route) in service.tcp.enumerated() {
            enter("tcp", index)
            check(route)
            for (index, match) in route.match.enumerated() {
                check(match.gateways, ofMatch: index, service)
            }
            leave()
        }
        for (index, route) in service.tls.enumerated() {
            enter("tls", index)
            check(route, hosts: service.hosts)
            for (index, match) in route.match.enumerated() {
                check(match.gateways, ofMatch: index, service)
            }
            leave()
        }
    }

    /// A rule for `mesh` in a VirtualService that is not for the mesh is how a call bypasses the
    /// egress gateway without a word.
    private mutating func check(
        _ gateways: [Located<String>], ofMatch match: Int, _ service: VirtualService
    ) {
        // A delegate's are those of whoever delegates to it.
        guard !gateways.isEmpty, !service.isDelegate else { return }
        let resolve = { GatewayName.resolve($0, namespace: service.namespace) }
        let all =
            service.gateways.isEmpty
            ? [GatewayName.mesh] : service.gateways.map { resolve($0.value) }
        for (index, gateway) in gateways.enumerated() where !all.contains(resolve(gateway.value)) {
            enter("match", match)
            enter("gateways", index)
            warning(
                message: "`\(gateway.value)` is not among the gateways of the VirtualService"
                    + (service.gateways.isEmpty ? ", which is for the mesh alone" : "")
                    + ": the match never applies there",
                advice: service.gateways.isEmpty
                    ? "write `gateways` with it, and with `mesh` if it is for sidecars as well"
                    : "add it to `gateways`")
            leave()
            leave()
        }
    }

    private mutating func checkDelegate(_ service: VirtualService) {
        if !service.gateways.isEmpty {
            error(
                .field("gateways"),
                message: "a VirtualService without hosts is a delegate, and a "
                    + "delegate has no gateways",
                advice: "write `hosts`, or remove `gateways`")
        }
        if !service.tls.isEmpty || !service.tcp.isEmpty {
            error(
                .field(service.tls.isEmpty ? "tcp" : "tls"),
                message: "a VirtualService without hosts is a delegate, and a delegate has rules "
                    + "for HTTP alone",
                advice: "write `hosts`, or keep `http` alone")
        }
    }

    private mutating func check(hosts: [Located<String>], isForMesh: Bool) {
        var places: [String: Int] = [:]
        for (index, host) in hosts.enumerated() {
            enter("hosts", index)
            defer { leave() }
            let name = host.value
            if let complaint = NameSyntax.complaint(host: name) {
                if !AddressSyntax.isIP(name) {
                    error(
                        message: complaint, advice: "write a host name, `*.` and a suffix, or `*`")
                }
                continue
            }
            if name == "*", isForMesh {
                error(
                    message: "`*` cannot be the host of a VirtualService for the mesh",
                    advice: "name a Gateway under `gateways` (without `mesh`), or write the host")
            }
            if NameSyntax.isOddWildcard(name) {
                warning(
                    message: "`\(name)` matches every name that ends so",
                    advice: "write `*.` and a suffix, if that is meant")
            }
            if places.updateValue(index, forKey: name) != nil {
                error(message: "the host `\(name)` is there twice", advice: "keep one of the two")
            }
        }
        checkOverlaps(of: hosts, places)
    }

    /// Looks every ending of every host up among the wildcards, which takes as long as the hosts
    /// are, however many there are.
    private mutating func checkOverlaps(of hosts: [Located<String>], _ places: [String: Int]) {
        guard places.count > 1, places.keys.contains(where: { $0.hasPrefix("*") }) else { return }
        for (index, host) in hosts.enumerated() where !AddressSyntax.isIP(host.value) {
            var rest = host.value.utf8[...]
            if rest.first == UInt8(ascii: "*") { rest.removeFirst() }
            while !rest.isEmpty {
                rest.removeFirst()
                let wildcard = "*" + String(decoding: Array(rest), as: UTF8.self)
                guard let other = places[wildcard], other != index else { continue }
                enter("hosts", max(index, other))
                error(
                    message: "`\(hosts[max(index, other)].value)` and hosts[\(min(index, other))] "
                        + "`\(hosts[min(index, other)].value)` overlap",
                    advice: "keep the wider of the two, or write two VirtualServices")
                leave()
                break
            }
        }
    }

    // MARK: - Connections

    private mutating func check(_ route: TCPRoute) {
        for (index, match) in route.match.enumerated() {
            enter("match", index)
            check(subnets: match.destinationSubnets)
            check(gateways: match.gateways)
            check(labels: match.sourceLabels, named: "sourceLabels")
            check(namespace: match.sourceNamespace, named: "sourceNamespace")
            leave()
        }
        check(shares: route.route)
    }

    private mutating func check(_ route: TLSRoute, hosts: [Located<String>]) {
        if route.match.isEmpty {
            error(
                message: "a rule for TLS without `match`", advice: "write `match` with `sniHosts`")
        }
        for (index, match) in route.match.enumerated() {
            enter("match", index)
            if match.sniHosts.isEmpty {
                error(message: "a match without `sniHosts`", advice: "write the server names")
            }
            for (place, name) in match.sniHosts.enumerated() {
                enter("sniHosts", place)
                if let complaint = NameSyntax.complaint(host: name.value) {
                    error(message: complaint, advice: "write a host name, or `*.` and a suffix")
                } else if !hosts.contains(where: { NameSyntax.covers($0.value, name.value) }) {
                    error(
                        message: "`\(name.value)` is outside of the VirtualService's hosts",
                        advice: "add it to `hosts`")
                }
                leave()
            }
            check(subnets: match.destinationSubnets)
            check(gateways: match.gateways)
            check(labels: match.sourceLabels, named: "sourceLabels")
            check(namespace: match.sourceNamespace, named: "sourceNamespace")
            leave()
        }
        check(shares: route.route)
    }

    private mutating func check(shares: [RouteDestination]) {
        if shares.isEmpty {
            error(message: "a rule without `route`", advice: "write where the connections go")
        }
        for (index, share) in shares.enumerated() {
            enter("route", index)
            check(share.destination)
            leave()
        }
        check(weights: shares.map(\.weight))
    }

    // MARK: - Destinations

    mutating func check(weights: [Int32]) {
        for (index, weight) in weights.enumerated() where weight < 0 {
            error(
                .field("route"), .index(index), .field("weight"),
                message: "a weight of \(weight)", advice: "weights are 0 or more")
        }
        let total = weights.reduce(0) { $0 + Int64($1) }
        if weights.count > 1, total == 0 {
            error(
                .field("route"), message: "the weights of all destinations are 0",
                advice: "give at least one of them a `weight` above 0")
        }
        if total > Int64(UInt32.max) {
            error(.field("route"), message: "the weights add up to more than 4294967295")
        }
    }

    mutating func check(_ destination: Destination) {
        enter("destination")
        checkFields(of: destination)
        leave()
    }

    mutating func checkFields(of destination: Destination) {
        if destination.host.isEmpty {
            error(message: "a destination without `host`", advice: "write the name of a service")
        } else if destination.host == "*" {
            error(
                .field("host"), message: "`*` is no destination", advice: "write one service")
        } else if let complaint = NameSyntax.complaint(host: destination.host),
            !AddressSyntax.isIP(destination.host)
        {
            error(
                .field("host"), message: complaint,
                advice: "write a name such as reviews or reviews.default.svc.cluster.local")
        }
        if !destination.subset.isEmpty, !NameSyntax.isLabel(destination.subset) {
            error(
                .field("subset"), message: "`\(destination.subset)` is no name for a subset",
                advice: "use small letters, digits and dashes")
        }
    }
}
