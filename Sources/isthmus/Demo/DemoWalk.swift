// Walks Bookinfo through the gateway as a browser would, and says what it saw.
// One step after the other on the control thread's loop: each does something and says what is wrong
// with what came of it.
import Control
import HTTP
import Net

final class DemoWalk {
    struct Step {
        /// What is checked, as printed.
        let title: String
        /// Calls back once: nil when all is well; otherwise what is wrong.
        let take: (DemoWalk, @escaping (_ fault: String?) -> Void) -> Void
    }

    static let timeoutMs: UInt64 = 15_000

    let process: ProxyProcess
    let gateway: SocketAddress
    let mesh: DemoMesh?
    let client: HTTPClient
    private let finished: (_ failures: Int) -> Void
    private var rest: ArraySlice<Step>
    private var failures = 0

    // What the walk remembers from step to step.
    var cookie: String?
    var staticFiles: [String] = []
    var starColors: Set<String> = []

    private init(
        _ process: ProxyProcess, gateway: SocketAddress, mesh: DemoMesh?,
        finished: @escaping (_ failures: Int) -> Void
    ) {
        self.process = process
        self.gateway = gateway
        self.mesh = mesh
        self.finished = finished
        client = HTTPClient(loop: process.loop)
        rest = (mesh == nil ? Self.steps : Self.steps + Self.meshSteps + Self.outsideSteps)[...]
    }

    /// - Parameters:
    ///   - mesh: where there is one, what it promises is checked, too.
    ///   - finished: called once, on the loop's thread.
    static func start(
        _ process: ProxyProcess, gateway: SocketAddress, mesh: DemoMesh?,
        finished: @escaping (_ failures: Int) -> Void
    ) {
        let walk = DemoWalk(process, gateway: gateway, mesh: mesh, finished: finished)
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
        step.take(self) { fault in
            if let fault {
                self.failures += 1
                Output.data("FAIL  \(step.title): \(fault)\n")
            } else {
                Output.data("ok    \(step.title)\n")
            }
            self.next()
        }
    }
}

extension DemoWalk.Step {
    /// A request through the gateway, or to its admin port, and what must be true of its answer.
    init(
        title: String, request: @escaping (DemoWalk) -> ClientRequest,
        fault: @escaping (DemoWalk, ClientResponse) -> String?, isForAdmin: Bool = false
    ) {
        self.init(title: title) { walk, done in
            guard let address = isForAdmin ? walk.process.adminAddress : walk.gateway else {
                done("the admin port is not served")
                return
            }
            var request = request(walk)
            if isForAdmin { request.authority = "\(address)" }
            walk.client.send(request, to: address, timeoutMs: DemoWalk.timeoutMs) { result in
                switch result {
                case .success(let response): done(fault(walk, response))
                case .failure(let error): done("\(error)")
                }
            }
        }
    }
}

extension ClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
