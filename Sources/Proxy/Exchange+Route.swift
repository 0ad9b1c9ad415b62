// From a request to what is done with it: virtual host, route, action.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func decide(listener: ListenerSpec, _ table: RouteTable?, _ hint: HostHint) {
        let authority = request.authorityBytes
        guard let table, let place = table.place(for: authority.span, hint) else {
            if client?.chain?.isServedElsewhere(authority.span, in: listener) == true {
                // Istio answers 404 here, the most repeated ingress bug: the client shares one
                // connection between names that one certificate covers. 421 makes it open another.
                reply(Reply(.misdirectedRequest))
            } else {
                noRoute()
            }
            return
        }
        routeTable = table
        hostPlace = place
        if table.redirectsToHTTPS(at: place), client?.isSecure != true {
            redirectToHTTPS()
            return
        }
        guard let found = match(table, place) else {
            noRoute()
            return
        }
        routeNumber = found.number
        let plan = table.plan(of: found)
        routeHeaders = plan.headers
        switch plan.action {
        case .forward(let forward):
            self.forward = forward
            if let fault = forward.policy.fault, suffers(fault) { return }
            pass(to: forward)
        case .redirect(let redirect):
            follow(redirect, listener: listener)
        case .direct(let direct):
            client?.listener.httpStats.add(.rqDirectResponse)
            if let kind = direct.refuses { noteRefusal(kind, direct) }
            var answer = Reply(status: direct.status, details: ResponseDetails.directResponse)
            answer.body =
                direct.namesAuthority
                ? request.authorityBytes.array + direct.body : direct.body
            answer.contentType = !direct.body.isEmpty
            reply(answer)
        }
    }

    func table(_ listener: ListenerSpec) -> RouteTable? {
        if asksForTunnel { return listener.connect }
        if let chain = client?.chain { return chain.table(in: listener) }
        switch listener.kind {
        case .http(let table): return table
        case .sniffed(_, let plain): return plain.table
        case .tcp, .tls: return nil
        }
    }

    /// For people: serving a request touches what its table keeps of host and route, not these.
    var virtualHost: VirtualHost? { routeTable?.virtualHost(at: hostPlace) }
    var route: Route? {
        guard let routeTable, let routeNumber else { return nil }
        return routeTable.route(routeNumber, at: hostPlace)
    }

    private func match(_ table: RouteTable, _ place: HostPlace) -> FoundRoute? {
        let path = path
        let query = query
        let method = request.methodBytes
        let authority = request.authorityBytes
        let scheme = ByteView(client?.isSecure == true ? "https" : "http")
        let asked = RouteRequest(
            path: path.span, query: query.span, method: method.span, authority: authority.span,
            scheme: scheme.span)
        return table.find(
            at: place, for: asked, headers: RequestFields(head: request))
    }

    private func noRoute() {
        client?.listener.httpStats.add(.noRoute)
        reply(Reply(.routeNotFound))
    }

    /// Behind the route's faults: Istio's chain of filters ends with fault, CORS and router.
    func pass(to forward: Forward) {
        if let cors = forward.policy.cors, answersPreflight(cors) { return }
        chooseDestination(forward)
    }

    private func chooseDestination(_ forward: Forward) {
        let index = worker.draw(forward.destinations, totalWeight: forward.totalWeight)
        destinationIndex = index
        guard let cluster = forward.destinations[index].cluster else {
            client?.listener.httpStats.add(.noCluster)
            reply(Reply(.clusterNotFound))
            return
        }
        let state = worker.cluster(at: cluster)
        self.cluster = state
        state.stats.add(.upstreamRqActive)
        if let rewrite = forward.rewrite { rewritePath(rewrite) }
        if forward.policy.timeoutMs > 0 { startResponseTimer() }
        send(to: state)
    }

    private func rewritePath(_ rewrite: Rewrite) {
        let path = path
        switch rewrite.path {
        case .unchanged: return
        case .prefix(let matched, let replacement):
            guard matched <= path.count else { return }
            rewrittenPath.append(replacement)
            rewrittenPath.append(path.suffix(from: matched))
        case .full(let replacement):
            rewrittenPath.append(replacement)
        case .regex(let regex, let replacement):
            rewrittenPath.append(regex.replaceAll(in: path.span, with: replacement))
        }
        // A request target is never empty (RFC 9112 section 3.2.1).
        if rewrittenPath.isEmpty { rewrittenPath.append(0x2f) }
    }

    /// `httpsRedirect`: 301 to the same host and path over https, on https's own port.
    private func redirectToHTTPS() {
        var location = Buffer()
        location.append("https://")
        location.append(request.authorityBytes.withoutPort)
        location.append(path)
        location.append(queryWithMark)
        redirect(301, to: location.readable.array)
    }

    private func follow(_ redirect: Redirect, listener: ListenerSpec) {
        var location = Buffer()
        let scheme = redirect.scheme ?? Array((client?.isSecure == true ? "https" : "http").utf8)
        location.append(scheme)
        location.append("://")
        appendAuthority(of: redirect, listener: listener, to: &location)
        switch redirect.path {
        case .unchanged: location.append(path)
        case .full(let path): location.append(path)
        case .prefix(let matched, let replacement):
            location.append(replacement)
            if matched <= path.count { location.append(path.suffix(from: matched)) }
        }
        location.append(queryWithMark)
        self.redirect(redirect.status, to: location.readable.array)
    }

    private func appendAuthority(
        of redirect: Redirect, listener: ListenerSpec, to location: inout Buffer
    ) {
        let host = request.authorityBytes
        switch redirect.port {
        case .number(let port):
            appendHost(redirect, host.withoutPort, to: &location)
            location.append(0x3a)
            location.append(decimal: UInt64(port))
        case .fromRequestPort:
            appendHost(redirect, host.withoutPort, to: &location)
            let isDefault = redirect.scheme == nil && listener.declaredPort == 80
            if !isDefault {
                location.append(0x3a)
                location.append(decimal: UInt64(listener.declaredPort))
            }
        case .fromProtocolDefault:
            // Envoy: a default port goes when the scheme changes; otherwise the Host stays as sent.
            let dropsPort =
                redirect.scheme.map { $0 == Array("https".utf8) } == true
                && host.port.map { $0 == 80 || $0 == 443 } == true
            appendHost(redirect, dropsPort ? host.withoutPort : host, to: &location)
        }
    }

    private func appendHost(_ redirect: Redirect, _ host: ByteView, to location: inout Buffer) {
        if let authority = redirect.authority {
            location.append(authority)
        } else {
            location.append(host)
        }
    }

    private func redirect(_ status: UInt16, to location: [UInt8]) {
        client?.listener.httpStats.add(.rqRedirect)
        var answer = Reply(status: status, details: ResponseDetails.directResponse)
        answer.location = location
        reply(answer)
    }
}
