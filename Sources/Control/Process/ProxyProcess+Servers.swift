// The three ports for people and machines that look after this process.
internal import HTTP
internal import Net

extension ProxyProcess {
    func openServers() {
        let wanted: [(String, SocketAddress?, HTTPServer.Handler)] = [
            ("admin", options.admin, { [unowned self] in answerAdmin($0, $1) }),
            ("status", options.status, { [unowned self] in answerStatus($0, $1) }),
            ("metrics", options.metrics, { [unowned self] in answerStatus($0, $1) }),
        ]
        for (name, address, handler) in wanted {
            guard let address else { continue }
            let server = DeskServer(
                name, at: address, yields: options.yieldsPorts, loop: loop, log: log,
                handler: handler)
            if let server { servers.append(server) }
        }
    }
}
