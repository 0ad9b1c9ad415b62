// What a TLS listener makes of the server name in a client's first message: the chain it leads to,
// where its certificate comes from, and what is inside of it.
// The choice is the data plane's own (`FilterChain.fit`); its two silent failures, no chain and no
// certificate, are put into words.
internal import Spec

extension Explainer {
    /// False where no chain takes the connection.
    mutating func answer(on listener: ListenerSpec, _ chains: [FilterChain]) -> Bool {
        guard let chain = chain(among: chains) else {
            explanation.outcome = .noFilterChain
            let asked = request.serverName ?? "no server name at all"
            let known = chains.flatMap(\.serverNames)
            let shown = known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
            explanation.tried.append(
                .init(
                    title: "TLS listener \(listener.name)", location: nil,
                    reasons: [
                        known.isEmpty
                            ? "no server of it takes a connection"
                            : "no server of it takes \(asked): they take \(shown)"
                    ]))
            return false
        }
        explanation.chain = .init(
            title: "\(chain.name) (\(chain.serverNames.joined(separator: ", ")))",
            origins: [chain.origin])
        switch chain.handling {
        case .terminateHTTP(let termination, let table):
            tell(termination)
            answer(in: table, on: listener, chain, chains)
        case .terminateTCP(let termination, let route):
            tell(termination)
            connected(to: route, as: .connected)
        case .passthrough(let route):
            explanation.steps.append("TLS goes through as it is: certificates are the other side's")
            connected(to: route, as: .passedThrough)
        }
        return true
    }

    /// The first of those that fit best, as the data plane has it.
    private func chain(among chains: [FilterChain]) -> FilterChain? {
        let address = meantAddresses.first
        var best: (chain: FilterChain, block: Int, name: Int)?
        for chain in chains {
            guard let name = chain.fit(request.serverName) else { continue }
            var block = -1
            if !chain.destinations.isEmpty {
                guard let address,
                    let length = AddressBlock.narrowest(
                        chain.destinations, around: address.high, address.low)
                else { continue }
                block = length
            }
            if let known = best, (block, name) <= (known.block, known.name) { continue }
            best = (chain, block, name)
        }
        return best?.chain
    }

    private mutating func answer(
        in table: RouteTable, on listener: ListenerSpec, _ chain: FilterChain,
        _ chains: [FilterChain]
    ) {
        if answer(in: table, on: listener) { return }
        guard case .noVirtualHost = explanation.outcome else { return }
        let authority = Array(request.authority.utf8)
        for other in chains where other !== chain {
            guard case .terminateHTTP(_, let table) = other.handling,
                table.virtualHost(for: authority.span) != nil
            else { continue }
            explanation.outcome = .misdirected
            explanation.hints.append(
                "\(request.authority) is served by \(other.name) (\(other.origin.object)): the "
                    + "client has to ask for that server name")
            return
        }
    }

    /// Where the certificate comes from, and whether it is there.
    private mutating func tell(_ termination: TLSTermination) {
        let secrets = SecretDirectory(objects.secrets)
        for credential in termination.credentials {
            var text = "certificate from \(credential)"
            if case .secret(let namespace, let name) = credential {
                if let secret = objects.secrets.first(where: {
                    $0.namespace == namespace && $0.name == name
                }) {
                    text += "  \(secret.source)"
                    if let missing = secret.missingForIdentity {
                        text += ": \(missing), so the handshake fails"
                    }
                } else if !secrets.contains(namespace: namespace, name: name) {
                    text += ", which does not exist: the handshake fails"
                }
            }
            explanation.steps.append(text)
        }
        if termination.credentials.isEmpty {
            explanation.steps.append("there is no certificate: the handshake fails")
        }
        switch termination.clientCertificates {
        case .ignored: break
        case .optional: explanation.steps.append("a client certificate is asked for, and checked")
        case .required: explanation.steps.append("a client certificate is required")
        }
    }

    /// A whole connection goes to the shares of a `tcp` or `tls` rule.
    mutating func connected(to route: TCPRoute?, as outcome: Explanation.Outcome) {
        guard let whole = route else {
            explanation.outcome = .unavailable(reason: "closed at once: no tcp rule applies")
            return
        }
        let route = meantAddresses.first.map { whole.route(to: $0.high, $0.low) } ?? whole
        for part in whole.narrower where part.route !== route {
            let names = part.route.destinations.map(\.clusterName).joined(separator: ", ")
            explanation.steps.append("connections to \(part.blocks.text) go to \(names)")
        }
        guard !route.destinations.isEmpty else {
            explanation.outcome = .unavailable(
                reason: "closed at once: no tcp rule is for every address")
            return
        }
        explanation.rule = .init(title: "\(route.origin.object)", origins: [route.origin])
        for destination in route.destinations {
            share(
                destination, of: route.totalWeight, at: nil, asBytes: true,
                missing: "closed at once: there is no such host, port or subset",
                empty: "closed at once: it has no endpoint")
        }
        conclude(outcome)
    }
}
