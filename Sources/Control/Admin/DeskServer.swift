// A small HTTP server on the control thread, at an address that may be taken by somebody else.
internal import HTTP
internal import Net

final class DeskServer {
    let name: String
    let address: SocketAddress
    private let server: HTTPServer

    /// nil, and a line in the log, where the address cannot be had: these ports serve people, and
    /// traffic does not wait for them.
    /// - Parameter yields: a line for those who look for one, and no warning.
    init?(
        _ name: String, at address: SocketAddress, yields: Bool = false, loop: Loop, log: Log,
        handler: @escaping HTTPServer.Handler
    ) {
        self.name = name
        server = HTTPServer(loop: loop, name: "isthmus", handler: handler)
        do throws(NetError) {
            self.address = try server.listen(on: address)
        } catch {
            let message = "not served: cannot bind \(address): \(error.reason)"
            let flag = [("flag", "--\(name)")]
            if yields { log.info(name, message, flag) } else { log.warning(name, message, flag) }
            return nil
        }
        log.info(name, "http://\(self.address)")
    }
}
