// What becomes of a call to a host that nobody has written down, in words for explanations and
// dumps: how it is found, and where it cannot lead.

extension DynamicHosts {
    var steps: [String] {
        let names = pattern.map { "names under \($0) alone" } ?? "any name and address"
        var steps = [
            "DNS is asked for the host when it is called (\(names)), port "
                + (port.map { "\($0)" } ?? "as the request says"),
            "an address of this machine, its link or a cloud's metadata gets 502, unless a "
                + "ServiceEntry lists it under addresses",
        ]
        guard let tls = template.tls else { return steps }
        let name = tls.serverName.map { "\"\($0)\"" } ?? "the host"
        steps.append("TLS asks for \(name)")
        if tls.trust == .nobody {
            steps.append("whatever certificate it shows is taken")
        } else if tls.subjectAltNames.isEmpty {
            steps.append("its certificate must name \(name)")
        }
        return steps
    }
}
