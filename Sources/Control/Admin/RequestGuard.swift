// Who may talk to the admin port: the machine's own names, and no page of another site.
// A page can make a browser ask http://127.0.0.1:15000/ for it, under a name of its own that points
// to 127.0.0.1 (DNS rebinding) or by posting a form there (CSRF). The first shows in Host, the
// second in Origin.
internal import HTTP
internal import Net

struct RequestGuard {

    /// nil when the request may pass; otherwise why not.
    func objection(to request: ServerRequest) -> String? {
        if !request.authority.isEmpty, !isOurs(request.authority) {
            return "the Host \(request.authority) is not this machine's; "
                + "use localhost or an IP address"
        }
        if let origin = request.value(of: "origin"), origin != "http://\(request.authority)" {
            return "requests from pages of other sites are refused"
        }
        return nil
    }

    /// `localhost`, an IP literal or nothing else: a name can be made to point anywhere, and an
    /// address in Host means that somebody asked for that address.
    private func isOurs(_ authority: String) -> Bool {
        var host = authority
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard UInt16(authority[authority.index(after: colon)...]) != nil else { return false }
            host = String(authority[..<colon])
        }
        if host.lowercased() == "localhost" { return true }
        if host.contains(":"), !host.hasPrefix("[") { return false }
        return !host.hasPrefix("unix:") && SocketAddress(host: host, port: 0) != nil
    }
}
