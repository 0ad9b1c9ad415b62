// The application on free ports, for one test.
import Bookinfo
import HTTP
import Net

final class RunningBookinfo {
    let application: Bookinfo
    let visitor: Visitor

    init(_ change: (inout BookinfoConfiguration) -> Void = { _ in }) throws {
        var configuration = BookinfoConfiguration(port: 0)
        change(&configuration)
        application = Bookinfo(configuration)
        visitor = try Visitor()
        try application.start()
    }

    deinit { application.stop() }

    func address(_ service: BookinfoService) throws -> SocketAddress {
        guard let running = application.services.first(where: { $0.service == service }) else {
            throw NoAnswer()
        }
        return running.address
    }

    func get(
        _ target: String, _ service: BookinfoService = .productpage, fields: [HTTPField] = []
    ) throws -> ClientResponse {
        try visitor.visit("GET", target, at: address(service), fields: fields)
    }

    func post(
        _ target: String, _ body: String, _ service: BookinfoService = .productpage,
        type: String = "application/x-www-form-urlencoded", fields: [HTTPField] = []
    ) throws -> ClientResponse {
        try visitor.visit(
            "POST", target, at: address(service),
            fields: fields + [HTTPField("content-type", type)], body: body)
    }

    /// Logs in; the header a browser would send from then on.
    func login(_ form: String) throws -> HTTPField {
        let answer = try post("/login", form)
        guard let set = answer.value(of: "set-cookie") else { throw NoAnswer() }
        return HTTPField("cookie", String(set.prefix { $0 != ";" }))
    }
}
