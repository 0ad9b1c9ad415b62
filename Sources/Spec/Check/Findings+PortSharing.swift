// Warns of ports that one ServiceEntry would take from everybody who may see it: what travels there
// does not name its host the way the entry expects it to.
// Istio serves such entries to the letter, and every other host on the port stops working; its
// users have found out one by one (istio/istio issues 16458, 29992, 58696).

extension Findings {
    mutating func checkSharing(of port: ServiceEntry.Port, _ entry: ServiceEntry) {
        // Nobody sees it.
        if entry.exportTo.contains(where: { $0 == "~" }) { return }
        let name = port.protocolName.rawValue
        if port.number == 443, port.protocolName.isHTTP {
            warning(
                .field("protocol"),
                message: "\(name) on port 443, where clients speak TLS: what they send cannot be "
                    + "read as \(name)",
                advice: "write HTTPS or TLS; for TLS that begins at the proxy declare port 80 "
                    + "with `targetPort: 443`")
        }
        guard port.protocolName.isTCP, entry.addresses.isEmpty else { return }
        let better: String
        switch port.number {
        case 80: better = "write HTTP, so that the Host tells"
        case 443: better = "write HTTPS or TLS, so that the server name tells"
        default: return
        }
        warning(
            .field("protocol"),
            message: "\(name) on port \(port.number) without `addresses`: nothing in a connection "
                + "tells its host, so the entry takes every one to that port",
            advice: "\(better), or write `addresses`; `exportTo` limits whom it concerns")
    }
}
