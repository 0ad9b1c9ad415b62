// Decodes VirtualService but for its HTTP rules, which have files of their own.
// One function a message, one case a field, as in the message's table.

extension FieldReader {
    func virtualService(_ parts: ObjectParts) -> VirtualService {
        var hosts: [Located<String>] = []
        var gateways: [Located<String>] = []
        var http: [HTTPRoute] = []
        var tls: [TLSRoute] = []
        var tcp: [TCPRoute] = []
        var exportTo: [String] = []
        if let spec = parts.spec {
            var fields = open(spec, .virtualService)
            while let (name, value) = next(&fields) {
                switch name {
                case "hosts": hosts = hostNames(value)
                case "gateways": gateways = locatedStrings(value)
                case "http": http = list(value, httpRoute)
                case "tls": tls = list(value, tlsRoute)
                case "tcp": tcp = list(value, tcpRoute)
                case "exportTo": exportTo = strings(value)
                default: unread(name, fields)
                }
            }
        }
        return VirtualService(
            metadata: parts.metadata, source: parts.source, hosts: hosts, gateways: gateways,
            http: http, tls: tls, tcp: tcp, exportTo: exportTo)
    }

    /// Host names are compared in lower case, so that is how they are kept.
    func hostNames(_ node: NodeID) -> [Located<String>] {
        list(node) { item in
            let name = sharedString(item)
            let hasCapital = name.utf8.contains { (0x41...0x5A).contains($0) }
            return Located(hasCapital ? name.lowercased() : name, at: tree.position(item))
        }
    }

    func destination(_ node: NodeID) -> Destination {
        var destination = Destination()
        destination.position = tree.position(node)
        var fields = open(node, .destination)
        while let (name, value) = next(&fields) {
            switch name {
            case "host": destination.host = sharedString(value)
            case "subset": destination.subset = sharedString(value)
            case "port": destination.port = portSelector(value)
            default: unread(name, fields)
            }
        }
        return destination
    }

    func portSelector(_ node: NodeID) -> UInt16? {
        var number: UInt16?
        var fields = open(node, .portSelector)
        while let (name, value) = next(&fields) {
            switch name {
            case "number": number = port(value)
            default: unread(name, fields)
            }
        }
        return number
    }

    private func tcpRoute(_ node: NodeID) -> TCPRoute {
        var route = TCPRoute()
        route.position = tree.position(node)
        var fields = open(node, .tcpRoute)
        while let (name, value) = next(&fields) {
            switch name {
            case "match": route.match = list(value, l4Match)
            case "route": route.route = list(value, routeDestination)
            default: unread(name, fields)
            }
        }
        return route
    }

    private func tlsRoute(_ node: NodeID) -> TLSRoute {
        var route = TLSRoute()
        route.position = tree.position(node)
        var fields = open(node, .tlsRoute)
        while let (name, value) = next(&fields) {
            switch name {
            case "match": route.match = list(value, tlsMatch)
            case "route": route.route = list(value, routeDestination)
            default: unread(name, fields)
            }
        }
        return route
    }

    private func routeDestination(_ node: NodeID) -> RouteDestination {
        var share = RouteDestination()
        share.position = tree.position(node)
        var fields = open(node, .routeDestination)
        while let (name, value) = next(&fields) {
            switch name {
            case "destination": share.destination = destination(value)
            case "weight": share.weight = int32(value) ?? 0
            default: unread(name, fields)
            }
        }
        return share
    }

    private func l4Match(_ node: NodeID) -> L4MatchAttributes {
        var match = L4MatchAttributes()
        match.position = tree.position(node)
        var fields = open(node, .l4Match)
        while let (name, value) = next(&fields) {
            switch name {
            case "destinationSubnets": match.destinationSubnets = locatedStrings(value)
            case "port": match.port = port(value)
            case "sourceSubnet": match.sourceSubnet = string(value)
            case "sourceLabels": match.sourceLabels = stringMap(value)
            case "gateways": match.gateways = locatedStrings(value)
            case "sourceNamespace": match.sourceNamespace = sharedString(value)
            default: unread(name, fields)
            }
        }
        return match
    }

    private func tlsMatch(_ node: NodeID) -> TLSMatchAttributes {
        var match = TLSMatchAttributes()
        match.position = tree.position(node)
        var fields = open(node, .tlsMatch)
        while let (name, value) = next(&fields) {
            switch name {
            case "sniHosts": match.sniHosts = hostNames(value)
            case "destinationSubnets": match.destinationSubnets = locatedStrings(value)
            case "port": match.port = port(value)
            case "sourceLabels": match.sourceLabels = stringMap(value)
            case "gateways": match.gateways = locatedStrings(value)
            case "sourceNamespace": match.sourceNamespace = sharedString(value)
            default: unread(name, fields)
            }
        }
        return match
    }
}
