// What the route that was found does: destinations with their shares, endpoints, and every change
// made on the way.
internal import Spec

extension Explainer {
    mutating func answer(with route: Route, on listener: ListenerSpec) {
        explanation.rule = .init(title: route.title, origins: [route.origin])
        switch route.action {
        case .forward(let forward):
            explanation.steps += rewriteSteps(forward.rewrite)
            explanation.steps += Self.headerSteps(route.headers)
            explanation.steps += forward.policy.steps
            forwarded(by: route, forward)
        case .redirect(let redirect):
            explanation.outcome = .redirected(
                status: redirect.status, location: location(redirect, on: listener))
            explanation.steps += Self.headerSteps(route.headers)
        case .direct(let response) where !response.clusterName.isEmpty:
            explanation.outcome = .unknownHost(status: response.status)
            let listeners = snapshot.routing.listeners.filter { $0 === listener }
            explanation.hints += unknownHostHints(listeners)
        case .direct(let response):
            explanation.outcome = .answered(
                status: response.status, bodyBytes: response.body.count)
            explanation.steps += Self.headerSteps(route.headers)
        }
    }

    private mutating func forwarded(by route: Route, _ forward: Forward) {
        let written = written(route)
        taker = route
        for (index, destination) in forward.destinations.enumerated() {
            share(
                destination, of: forward.totalWeight,
                at: index < written.count ? written[index] : nil,
                asBytes: inside != nil,
                missing: "503 NC: there is no such host, port or subset",
                empty: "503 UH: it has no endpoint")
        }
        conclude(.forwarded)
    }

    /// Adds a destination.
    /// - Parameters:
    ///   - asBytes: a connection goes there, and no request.
    ///   - missing, empty: what becomes of its share where there is no cluster, or no endpoint in
    ///     it.
    mutating func share(
        _ destination: WeightedDestination, of total: UInt32, at location: SourceLocation?,
        asBytes: Bool, missing: String, empty: String
    ) {
        let cluster = destination.cluster.map { snapshot.clusters[$0] }
        let problem: String? =
            if let cluster {
                cluster.endpoints.isEmpty && cluster.original == nil && cluster.dynamic == nil
                    ? empty : nil
            } else {
                missing
            }
        if let cluster { follow(destination, to: cluster) }
        explanation.destinations.append(
            .init(
                cluster: destination.clusterName,
                percent: 100 * Double(destination.weight) / Double(max(1, total)),
                location: location, origins: cluster?.origins ?? [],
                endpoints: cluster.map(members) ?? [],
                steps: protocolSteps(cluster) + discoverySteps(cluster) + balanceSteps(cluster)
                    + tunnelSteps(cluster, asBytes: asBytes) + (cluster?.protectionSteps ?? [])
                    + Self.headerSteps(destination.headers),
                problem: problem))
    }

    /// `outcome`, unless every destination has a problem.
    mutating func conclude(_ outcome: Explanation.Outcome) {
        let problems = explanation.destinations.compactMap(\.problem)
        explanation.outcome =
            problems.count == explanation.destinations.count
            ? .unavailable(reason: problems.first ?? "503") : outcome
    }

    /// Where the destinations with a share are written, in order.
    private func written(_ route: Route) -> [SourceLocation] {
        guard let object = objects.virtualServices.first(where: { $0.key == route.origin.object }),
            object.http.indices.contains(route.place.rule)
        else { return [] }
        let shares = object.http[route.place.rule].route
        return shares.filter { shares.count == 1 || $0.weight > 0 }
            .map { object.location(at: $0.destination.position) }
    }

    /// How it comes by addresses that nobody has written.
    private func discoverySteps(_ cluster: Cluster?) -> [String] {
        if let dynamic = cluster?.dynamic, cluster?.original == nil || node.capture == nil {
            return dynamic.steps
        }
        if let cluster, cluster.original != nil {
            let rest = cluster.endpoints.isEmpty ? "" : "; where that is not known, to an endpoint"
            return ["to the address that it was meant for\(rest)"]
        }
        return switch cluster?.discovery {
        case nil, .fixed: []
        case .allAddresses: ["DNS says the addresses of its names; each of them is an endpoint"]
        case .oneAddress: ["DNS says its addresses; each new connection goes to one of them"]
        }
    }

    private func tunnelSteps(_ cluster: Cluster?, asBytes: Bool) -> [String] {
        guard let cluster, cluster.tunnel != nil else { return [] }
        if asBytes { return cluster.tunnelSteps }
        return ["through no tunnel: `tunnel` is for `tcp` and `tls` routes"]
    }

    private func protocolSteps(_ cluster: Cluster?) -> [String] {
        switch cluster?.upstreamProtocol {
        case nil, .http1: []
        case .http2: ["spoken to over HTTP/2"]
        case .asClient: ["spoken to over HTTP/2 where the client does so"]
        }
    }

    private func members(of cluster: Cluster) -> [Explanation.Member] {
        cluster.endpoints.map {
            member(
                $0, standing: standing(of: $0, in: cluster),
                security: security(of: $0, in: cluster))
        }
    }

    private func member(
        _ endpoint: Endpoint, standing: String?, security: String?
    ) -> Explanation.Member {
        let host =
            endpoint.address.contains(":") && !endpoint.address.hasPrefix("unix:")
            ? "[\(endpoint.address)]" : endpoint.address
        return .init(
            address: endpoint.port == 0 ? host : "\(host):\(endpoint.port)",
            weight: endpoint.weight, standing: standing, security: security, origin: endpoint.origin
        )
    }

    private func rewriteSteps(_ rewrite: Rewrite?) -> [String] {
        guard let rewrite else { return [] }
        var steps: [String] = []
        if let path = rewritten(rewrite.path) {
            steps.append("rewrite the path \"\(request.path)\" to \"\(path)\"")
        }
        if let authority = rewrite.authority {
            steps.append("rewrite the authority to \"\(Self.text(authority))\"")
        }
        return steps
    }

    func rewritten(_ path: Rewrite.Path) -> String? {
        let bytes = Array(request.path.utf8)
        switch path {
        case .unchanged: return nil
        case .full(let new): return Self.text(new)
        case .prefix(let length, let new):
            return Self.text(new + bytes.dropFirst(length))
        case .regex(let regex, let replacement):
            return Self.text(regex.replaceAll(in: bytes.span, with: replacement))
        }
    }

    private func location(_ redirect: Redirect, on listener: ListenerSpec) -> String {
        let scheme = redirect.scheme.map(Self.text) ?? request.scheme
        var authority = redirect.authority.map(Self.text) ?? request.authority
        let bytes = Array(authority.utf8)
        let host = Self.text(Array(bytes[..<HostTable.hostLength(of: bytes.span)]))
        switch redirect.port {
        case .number(let port): authority = "\(host):\(port)"
        case .fromRequestPort: authority = "\(host):\(listener.declaredPort)"
        case .fromProtocolDefault:
            // Envoy drops a default port only when the scheme changes.
            if scheme != request.scheme, authority.hasSuffix(":80") || authority.hasSuffix(":443") {
                authority = host
            }
        }
        var path = request.path
        switch redirect.path {
        case .unchanged: break
        case .full(let new): path = Self.text(new)
        case .prefix(let length, let new):
            path = Self.text(new + Array(request.path.utf8).dropFirst(length))
        }
        return "\(scheme)://\(authority)\(path)"
            + (request.query.isEmpty ? "" : "?\(request.query)")
    }

    static func headerSteps(_ headers: HeaderMutations?) -> [String] {
        guard let headers else { return [] }
        var steps: [String] = []
        if let authority = headers.authority {
            steps.append("set the authority to \"\(text(authority))\"")
        }
        for (side, operations) in [("request", headers.request), ("response", headers.response)] {
            steps += operations.remove.map { "remove the \(side) header \(text($0))" }
            steps += operations.set.map {
                "set the \(side) header \(text($0.name)) to \"\($0.value.formatText)\""
            }
            steps += operations.add.map {
                "add the \(side) header \(text($0.name)): \"\($0.value.formatText)\""
            }
        }
        return steps
    }
}

extension [FormatPart] {
    /// As one would write it.
    var formatText: String { map(\.text).joined() }
}

extension FormatPart {
    var text: String {
        switch self {
        case .literal(let bytes):
            String(decoding: bytes, as: UTF8.self).replacing("%", with: "%%")
        case .downstreamRemoteAddress: "%DOWNSTREAM_REMOTE_ADDRESS%"
        case .downstreamRemoteAddressWithoutPort: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
        case .downstreamLocalAddress: "%DOWNSTREAM_LOCAL_ADDRESS%"
        case .downstreamLocalAddressWithoutPort: "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%"
        case .downstreamLocalPort: "%DOWNSTREAM_LOCAL_PORT%"
        case .upstreamRemoteAddress: "%UPSTREAM_REMOTE_ADDRESS%"
        case .upstreamCluster: "%UPSTREAM_CLUSTER%"
        case .upstreamHost: "%UPSTREAM_HOST%"
        case .protocolName: "%PROTOCOL%"
        case .requestHeader(let name): "%REQ(\(String(decoding: name, as: UTF8.self)))%"
        case .responseHeader(let name): "%RESP(\(String(decoding: name, as: UTF8.self)))%"
        case .startTime: "%START_TIME%"
        case .responseCode: "%RESPONSE_CODE%"
        case .responseFlags: "%RESPONSE_FLAGS%"
        case .routeName: "%ROUTE_NAME%"
        case .hostname: "%HOSTNAME%"
        }
    }
}
