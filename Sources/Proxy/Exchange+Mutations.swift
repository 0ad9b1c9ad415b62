// Header operations of routes and destinations, and the values of Envoy's format operators.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// `remove` and the first half of `set`: the fields that came in under these names go.
    func apply(_ operations: HeaderMutations.Operations) {
        drop(operations, from: request)
    }

    func drop(_ operations: HeaderMutations.Operations, from head: Head) {
        for name in operations.remove { name.withView { head.drop(named: $0) } }
        for value in operations.set { value.name.withView { head.drop(named: $0) } }
    }

    /// Route-level operations come first, so what the destination then sets or removes is left out
    /// of what the route adds.
    func appendAdded(
        route: HeaderMutations.Operations?, destination: HeaderMutations.Operations?,
        to out: inout Buffer
    ) {
        if let route {
            append(route.set, to: &out, unlessChangedBy: destination)
            append(route.add, to: &out, unlessChangedBy: destination)
        }
        if let destination {
            append(destination.set, to: &out)
            append(destination.add, to: &out)
        }
    }

    private func append(
        _ values: [HeaderMutations.HeaderValue], to out: inout Buffer,
        unlessChangedBy later: HeaderMutations.Operations?
    ) {
        guard let later, !later.set.isEmpty || !later.remove.isEmpty else {
            append(values, to: &out)
            return
        }
        append(
            values.filter { value in
                value.name.withView { name in
                    !later.remove.contains { $0.withView(name.equalsIgnoringCase) }
                        && !later.set.contains { $0.name.withView(name.equalsIgnoringCase) }
                }
            }, to: &out)
    }

    func append(_ values: [HeaderMutations.HeaderValue], to out: inout Buffer) {
        for value in values {
            // Envoy's filter comes behind the router and overwrites what routes say.
            if allowsOrigin, value.name.withView(overrulesInCORS) { continue }
            out.append(value.name)
            out.append(": ")
            for part in value.value { append(part, to: &out) }
            out.append("\r\n")
        }
    }

    /// Writes an operator's value; what is unknown at this point is `-`, as in Envoy.
    private func append(_ part: FormatPart, to out: inout Buffer) {
        switch part {
        case .literal(let bytes): out.append(bytes)
        case .downstreamRemoteAddress: if let client { out.append(client.peer) }
        case .downstreamRemoteAddressWithoutPort: if let client { out.append(host: client.peer) }
        case .downstreamLocalAddress: if let address = client?.localAddress { out.append(address) }
        case .downstreamLocalAddressWithoutPort:
            if let address = client?.localAddress { out.append(host: address) }
        case .downstreamLocalPort:
            if let address = client?.localAddress { out.append(decimal: UInt64(address.port)) }
        case .upstreamRemoteAddress, .upstreamHost:
            if let endpoint {
                out.append(upstreamAddress ?? endpoint.latestAddress)
            } else {
                out.append(0x2d)
            }
        case .upstreamCluster:
            out.append(text: cluster?.cluster.name ?? "-")
        case .protocolName: out.append("HTTP/1.1")
        case .requestHeader(let name): append(request, name, to: &out)
        case .responseHeader(let name): append(response, name, to: &out)
        case .startTime: out.append(text: startTimeText)
        case .responseCode: out.append(decimal: UInt64(status))
        case .responseFlags:
            var text: [UInt8] = []
            flags.append(to: &text, long: false)
            out.append(text)
        case .routeName: out.append(text: route?.name ?? "-")
        case .hostname: out.append(worker.hostname)
        }
    }

    private func append(_ head: Head, _ name: [UInt8], to out: inout Buffer) {
        name.withView { name in
            if let value = head.value(named: name) { out.append(value) } else { out.append(0x2d) }
        }
    }

    private var startTimeText: String {
        var text: [UInt8] = []
        TimeFormat.iso8601.append(
            seconds: Int64(startWallNs / 1_000_000_000),
            nanoseconds: UInt32(startWallNs % 1_000_000_000), to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
