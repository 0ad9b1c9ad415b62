// Walks Bookinfo through the gateway as a browser would, and says what it saw.
// One step after the other on the control thread's loop: each is a request and what must be true of
// its answer.
import HTTP
import Net

final class DemoWalk {
    struct Step {
        /// What is checked, as printed.
        let title: String
        let request: (DemoWalk) -> ClientRequest
        /// nil when all is well; otherwise what is wrong.
        let fault: (DemoWalk, ClientResponse) -> String?
        var isForAdmin = false
    }

    private static let timeoutMs: UInt64 = 15_000

    let gateway: SocketAddress
    private let admin: SocketAddress?
    private let client: HTTPClient
    private let finished: (_ failures: Int) -> Void
    private var rest: ArraySlice<Step>
    private var failures = 0

    // What the walk remembers from step to step.
    var cookie: String?
    var staticFiles: [String] = []
    var starColors: Set<String> = []

    private init(
        loop: Loop, gateway: SocketAddress, admin: SocketAddress?,
        finished: @escaping (_ failures: Int) -> Void
    ) {
        self.gateway = gateway
        self.admin = admin
        self.finished = finished
        client = HTTPClient(loop: loop)
        rest = Self.steps[...]
    }

    /// - Parameter finished: called once, on the loop's thread.
    static func start(
        loop: Loop, gateway: SocketAddress, admin: SocketAddress?,
        finished: @escaping (_ failures: Int) -> Void
    ) {
        let walk = DemoWalk(loop: loop, gateway: gateway, admin: admin, finished: finished)
        walk.next()
    }

    func get(_ target: String) -> ClientRequest {
        var fields = [HTTPField("accept", "text/html,*/*")]
        if let cookie { fields.append(HTTPField("cookie", cookie)) }
        return ClientRequest(target: target, authority: "\(gateway)", fields: fields)
    }

    private func next() {
        guard let step = rest.popFirst() else {
            client.stop()
            Output.data(
                failures == 0 ? "all checks passed\n" : "\(failures) of the checks failed\n")
            finished(failures)
            return
        }
        guard let address = step.isForAdmin ? admin : gateway else {
            report(step, "the admin port is not served")
            return
        }
        var request = step.request(self)
        if step.isForAdmin { request.authority = "\(address)" }
        client.send(request, to: address, timeoutMs: Self.timeoutMs) { result in
            switch result {
            case .success(let response): self.report(step, step.fault(self, response))
            case .failure(let error): self.report(step, "\(error)")
            }
        }
    }

    private func report(_ step: Step, _ fault: String?) {
        if let fault {
            failures += 1
            Output.data("FAIL  \(step.title): \(fault)\n")
        } else {
            Output.data("ok    \(step.title)\n")
        }
        next()
    }
}

extension ClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
