// When two parts of snapshots serve requests alike, wherever they were written.
// Compared field by field and not by text: after a reload ten thousand hosts are compared, and text
// of them would be as large as the snapshot.

extension Regex: Equatable {
    public static func == (left: Regex, right: Regex) -> Bool {
        left === right || left.pattern == right.pattern
    }
}

extension ListenerSpec {
    /// The same address, protocol and, for TCP, destinations.
    func opensLike(_ other: ListenerSpec) -> Bool {
        guard bind == other.bind, port == other.port, declaredPort == other.declaredPort,
            direction == other.direction, reach == other.reach,
            connect?.name == other.connect?.name
        else { return false }
        switch (kind, other.kind) {
        case (.http(let table), .http(let others)): return table.name == others.name
        case (.tcp(let route), .tcp(let others)):
            return alike(route, others) { $0.servesLike($1) }
        case (.tls(let chains), .tls(let others)):
            return chains.elementsEqual(others) { $0 === $1 || $0.opensLike($1) }
        case (.sniffed(let chains, let plain), .sniffed(let others, let other)):
            guard chains.elementsEqual(others, by: { $0 === $1 || $0.opensLike($1) }) else {
                return false
            }
            switch (plain, other) {
            case (.http(let table), .http(let others)): return table.name == others.name
            case (.tcp(let route), .tcp(let others)):
                return alike(route, others) { $0.servesLike($1) }
            case (.detected(let table, let route), .detected(let tables, let others)):
                return table.name == tables.name && alike(route, others) { $0.servesLike($1) }
            default: return false
            }
        default: return false
        }
    }
}

extension FilterChain {
    /// For the same names, in the same way; what HTTP is served inside is compared host by host.
    fileprivate func opensLike(_ other: FilterChain) -> Bool {
        guard name == other.name, serverNames == other.serverNames,
            destinations == other.destinations, applicationProtocols == other.applicationProtocols
        else { return false }
        switch (handling, other.handling) {
        case (.terminateHTTP(let left, _), .terminateHTTP(let right, _)):
            return left.endsLike(right)
        case (.terminateTCP(let left, let route), .terminateTCP(let right, let other)):
            return left.endsLike(right) && alike(route, other) { $0.servesLike($1) }
        case (.passthrough(let left), .passthrough(let right)): return left.servesLike(right)
        default: return false
        }
    }
}

extension TLSTermination {
    fileprivate func endsLike(_ other: TLSTermination) -> Bool {
        self === other
            || credentials == other.credentials && clientCA == other.clientCA
                && clientCAFile == other.clientCAFile && revocationFile == other.revocationFile
                && clientCertificates == other.clientCertificates
                && skipsVerification == other.skipsVerification
                && subjectAltNames == other.subjectAltNames
                && publicKeyPins == other.publicKeyPins
                && certificatePins == other.certificatePins && minVersion == other.minVersion
                && maxVersion == other.maxVersion && cipherSuites == other.cipherSuites
                && applicationProtocols == other.applicationProtocols
    }
}

extension TCPRoute {
    fileprivate func servesLike(_ other: TCPRoute) -> Bool {
        destinations.elementsEqual(other.destinations) { $0.servesLike($1) }
            && narrower.elementsEqual(other.narrower) {
                $0.blocks == $1.blocks && $0.route.servesLike($1.route)
            }
    }
}

extension VirtualHost {
    func servesLike(_ other: VirtualHost) -> Bool {
        redirectsToHTTPS == other.redirectsToHTTPS
            && routes.elementsEqual(other.routes) { $0 === $1 || $0.servesLike($1) }
    }
}

extension Route {
    fileprivate func servesLike(_ other: Route) -> Bool {
        name == other.name && match == other.match && action.servesLike(other.action)
            && alike(headers, other.headers) { $0.actsLike($1) }
    }
}

extension RouteAction {
    fileprivate func servesLike(_ other: RouteAction) -> Bool {
        switch (self, other) {
        case (.forward(let left), .forward(let right)):
            left === right
                || alike(left.rewrite, right.rewrite) {
                    $0.path == $1.path && $0.authority == $1.authority
                }
                    && left.policy == right.policy
                    && left.destinations.elementsEqual(right.destinations) { $0.servesLike($1) }
        case (.redirect(let left), .redirect(let right)):
            left.status == right.status && left.path == right.path
                && left.authority == right.authority && left.scheme == right.scheme
                && left.port == right.port
        case (.direct(let left), .direct(let right)):
            left.status == right.status && left.body == right.body
                && left.namesAuthority == right.namesAuthority
                && left.clusterName == right.clusterName && left.refuses == right.refuses
        default: false
        }
    }
}

extension WeightedDestination {
    /// By name: the index of a cluster is another in every snapshot.
    fileprivate func servesLike(_ other: WeightedDestination) -> Bool {
        clusterName == other.clusterName && weight == other.weight
            && (cluster == nil) == (other.cluster == nil)
            && alike(headers, other.headers) { $0.actsLike($1) }
    }
}

extension HeaderMutations {
    fileprivate func actsLike(_ other: HeaderMutations) -> Bool {
        self === other
            || request == other.request && response == other.response
                && authority == other.authority
    }
}

extension Cluster {
    func servesLike(_ other: Cluster) -> Bool {
        loadBalancing == other.loadBalancing && connectTimeoutMs == other.connectTimeoutMs
            && upstreamProtocol == other.upstreamProtocol
            && pool == other.pool && outliers == other.outliers && tunnel == other.tunnel
            && discovery == other.discovery && proxyHeader == other.proxyHeader
            && leavesMesh == other.leavesMesh
            && BalancePolicy.areSame(balance, other.balance)
            && endpoints.elementsEqual(other.endpoints) { $0 === $1 || $0.servesLike($1) }
            && alike(original, other.original) { $0.servesLike($1) }
            && alike(dynamic, other.dynamic) {
                $0.template.servesLike($1.template) && $0.pattern == $1.pattern
                    && $0.port == $1.port && $0.exceptions == $1.exceptions
            }
    }
}

extension Endpoint {
    fileprivate func servesLike(_ other: Endpoint) -> Bool {
        address == other.address && port == other.port && weight == other.weight
            && UpstreamTLS.areSame(tls, other.tls)
    }
}

private func alike<Item>(_ left: Item?, _ right: Item?, _ areAlike: (Item, Item) -> Bool) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): areAlike(left, right)
    default: false
    }
}
