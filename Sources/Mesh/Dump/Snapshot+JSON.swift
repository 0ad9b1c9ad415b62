// The snapshot as JSON, for `/config_dump`.
// Names follow the snapshot's own words rather than Envoy's protobufs: what is dumped is what is
// served. Header values of the configuration are shown; there are no keys in a snapshot.
internal import Spec

extension Snapshot {
    /// UTF-8, one line.
    public func json() -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.field("version", version)
            json.field("listeners") { json in
                json.array(routing.listeners) { $1.write(to: &$0) }
            }
            json.field("clusters") { json in json.array(clusters) { $1.write(to: &$0) } }
            json.field("diagnostics") { json in
                json.array(diagnostics) { $1.write(to: &$0) }
            }
        }
        return json.bytes
    }
}

extension ListenerSpec {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("name", name)
            json.field("bind", bind)
            json.field("port", port)
            json.field("declaredPort", declaredPort)
            json.field("direction", "\(direction)")
            switch reach {
            case .bound: break
            case .gate: json.field("reach", "gate")
            case .captured(let blocks):
                json.field("reach", "captured")
                json.field("addresses") { json in
                    json.array(blocks) { $0.string($1.description) }
                }
            }
            switch kind {
            case .http(let table):
                json.field("protocol", "http")
                table.writeFields(to: &json)
            case .tcp(let route):
                json.field("protocol", "tcp")
                route?.writeFields(to: &json)
            case .tls(let chains):
                json.field("protocol", "tls")
                json.field("filterChains") { json in
                    json.array(chains) { $1.write(to: &$0) }
                }
            case .sniffed(let chains, let plain):
                json.field("protocol", "sniffed")
                json.field("filterChains") { json in
                    json.array(chains) { $1.write(to: &$0) }
                }
                json.field("plain") { json in
                    json.object { json in
                        switch plain {
                        case .http(let table): table.writeFields(to: &json)
                        case .tcp(let route): route?.writeFields(to: &json)
                        case .detected(let table, let route):
                            table.writeFields(to: &json)
                            route?.writeFields(to: &json)
                        }
                    }
                }
            }
            if let connect {
                json.field("connect") { json in json.object { connect.writeFields(to: &$0) } }
            }
            json.field("origins") { json in json.array(origins) { $1.write(to: &$0) } }
        }
    }
}

extension RouteTable {
    fileprivate func writeFields(to json: inout JSONText) {
        json.field("routeTable", name)
        json.field("virtualHosts") { json in
            json.array(virtualHosts) { $1.write(to: &$0) }
        }
    }
}

extension TCPRoute {
    fileprivate func writeFields(to json: inout JSONText) {
        writeDestinations(to: &json)
        json.field("origin") { origin.write(to: &$0) }
    }

    fileprivate func writeDestinations(to json: inout JSONText) {
        json.field("destinations") { json in
            json.array(destinations) { $1.write(to: &$0) }
        }
        guard !narrower.isEmpty else { return }
        json.field("narrower") { json in
            json.array(narrower) { json, part in
                json.object { json in
                    json.field("subnets") { json in
                        json.array(part.blocks) { $0.string($1.description) }
                    }
                    part.route.writeFields(to: &json)
                }
            }
        }
    }
}

extension FilterChain {
    /// Never a certificate or a key: those are not in a snapshot at all.
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("name", name)
            json.field("serverNames") { json in json.array(serverNames) { $0.string($1) } }
            if !destinations.isEmpty {
                json.field("subnets") { json in
                    json.array(destinations) { $0.string($1.description) }
                }
            }
            if !applicationProtocols.isEmpty {
                json.field("applicationProtocols") { json in
                    json.array(applicationProtocols) { $0.string($1) }
                }
            }
            switch handling {
            case .terminateHTTP(let termination, let table):
                json.field("handling", "https")
                termination.writeFields(to: &json)
                table.writeFields(to: &json)
            case .terminateTCP(let termination, let route):
                json.field("handling", "tls-tcp")
                termination.writeFields(to: &json)
                if let route {
                    route.writeDestinations(to: &json)
                }
            case .passthrough(let route):
                json.field("handling", "passthrough")
                route.writeDestinations(to: &json)
            }
            json.field("origin") { origin.write(to: &$0) }
        }
    }
}

extension TLSTermination {
    fileprivate func writeFields(to json: inout JSONText) {
        json.field("credentials") { json in
            json.array(credentials) { $0.string("\($1)") }
        }
        if let clientCA { json.field("clientCA", "\(clientCA)") }
        if let clientCAFile { json.field("clientCA", clientCAFile) }
        json.field("clientCertificates", "\(clientCertificates)")
        json.field("minVersion", "1.\(minVersion - 0x0301)")
        json.field("maxVersion", "1.\(maxVersion - 0x0301)")
        if !cipherSuites.isEmpty {
            json.field("cipherSuites") { json in json.array(cipherSuites) { $0.string($1) } }
        }
        if !subjectAltNames.isEmpty {
            json.field("subjectAltNames") { json in
                json.array(subjectAltNames) { $0.string($1) }
            }
        }
    }
}

extension VirtualHost {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("name", name)
            json.field("domains") { json in json.array(domains) { $0.string($1) } }
            if redirectsToHTTPS { json.field("redirectsToHTTPS", true) }
            json.field("routes") { json in json.array(routes) { $1.write(to: &$0) } }
        }
    }
}

extension Route {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("name", name)
            json.field("match", match.pathText)
            if !match.conditions.isEmpty {
                json.field("conditions") { json in
                    json.array(match.conditions) { $0.string($1.text) }
                }
            }
            let steps = Explainer.headerSteps(headers)
            if !steps.isEmpty {
                json.field("headers") { json in json.array(steps) { $0.string($1) } }
            }
            switch action {
            case .forward(let forward):
                if let rewrite = forward.rewrite { json.field("rewrite", rewrite.text) }
                let policy = forward.policy.steps
                if !policy.isEmpty {
                    json.field("policy") { json in json.array(policy) { $0.string($1) } }
                }
                json.field("destinations") { json in
                    json.array(forward.destinations) { $1.write(to: &$0) }
                }
            case .redirect(let redirect): json.field("redirect", redirect.text)
            case .direct(let response):
                json.field("status", response.status)
                json.field("bodyBytes", response.body.count)
            }
            if origin.object.kind == VirtualService.kind {
                json.field("rule", place.description)
            }
            json.field("origin") { origin.write(to: &$0) }
        }
    }
}

extension WeightedDestination {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("cluster", clusterName)
            json.field("exists", cluster != nil)
            json.field("weight", weight)
            let steps = Explainer.headerSteps(headers)
            if !steps.isEmpty {
                json.field("headers") { json in json.array(steps) { $0.string($1) } }
            }
        }
    }
}

extension Cluster {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("name", name)
            json.field("loadBalancing", "\(loadBalancing)")
            json.field("upstreamProtocol", "\(upstreamProtocol)")
            json.field("connectTimeoutMs", connectTimeoutMs)
            if discovery != .fixed { json.field("discovery", "\(discovery)") }
            if let dynamic {
                json.field("hosts", dynamic.pattern ?? "*")
                if let port = dynamic.port { json.field("port", UInt32(port)) }
                if let tls = dynamic.template.tls { json.field("tls") { tls.write(to: &$0) } }
            }
            let protection = tunnelSteps + protectionSteps
            if !protection.isEmpty {
                json.field("protection") { json in
                    json.array(protection) { $0.string($1) }
                }
            }
            json.field("endpoints") { json in
                json.array(endpoints) { json, endpoint in
                    json.object { json in
                        json.field("address", endpoint.addressText)
                        json.field("weight", endpoint.weight)
                        if !endpoint.locality.isEmpty {
                            json.field("locality", endpoint.locality)
                        }
                        if !endpoint.labels.isEmpty {
                            json.field("labels", endpoint.labels.labelText)
                        }
                        if let tls = endpoint.tls { json.field("tls") { tls.write(to: &$0) } }
                        json.field("origin") { endpoint.origin.write(to: &$0) }
                    }
                }
            }
            json.field("origins") { json in json.array(origins) { $1.write(to: &$0) } }
        }
    }
}

extension UpstreamTLS {
    /// Names of credentials; never what is in them.
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("meshMutual", isMeshMutual)
            if let serverName { json.field("serverName", serverName) }
            if let identity { json.field("identity", "\(identity)") }
            json.field("trust", "\(trust)")
            if let revocationFile { json.field("revocationFile", revocationFile) }
            if !subjectAltNames.isEmpty {
                json.field("subjectAltNames") { json in
                    json.array(subjectAltNames) { $0.string($1) }
                }
            }
            json.field("origin") { origin.write(to: &$0) }
        }
    }
}

extension Origin {
    fileprivate func write(to json: inout JSONText) {
        json.string("\(object) \(location)")
    }
}

extension Diagnostic {
    fileprivate func write(to json: inout JSONText) {
        json.object { json in
            json.field("severity", severity.rawValue)
            if let location { json.field("location", location.description) }
            if let object { json.field("object", object.description) }
            if !fieldPath.isEmpty { json.field("field", fieldPath) }
            json.field("message", message)
            if !advice.isEmpty { json.field("advice", advice) }
        }
    }
}
