// The steps of the walk that show a mesh: TLS in front, identities inside, and certificates that
// change while requests go on.
import Bookinfo
import Control
import HTTP
import Net

extension DemoWalk {
    static var meshSteps: [Step] {
        [
            Step(title: "GET https://localhost/productpage: TLS 1.3 by the demo's own authority") {
                $0.probe(protocols: ["http/1.1"], $1) { answer in
                    if answer.version != "TLSv1.3" { return "it is \(answer.version)" }
                    if answer.status != 200 { return "status \(answer.status ?? 0)" }
                    return answer.text.contains("<title>Simple Bookstore App</title>")
                        ? nil : "it is another page"
                }
            },
            Step(title: "https://localhost: HTTP/2 for those who offer it") {
                $0.probe(protocols: ["h2", "http/1.1"], $1) { answer in
                    answer.applicationProtocol == "h2"
                        ? nil : "ALPN chose \(answer.applicationProtocol ?? "nothing")"
                }
            },
            Step(title: "details is STRICT: plain text is refused") { walk, done in
                walk.call(.details, past: .sidecarsOfOthers, "/details/0") { result in
                    switch result {
                    case .success(let answer): done("it was answered with \(answer.status)")
                    case .failure(.closed), .failure(.connectFailed): done(nil)
                    case .failure(let error): done("not refused: \(error)")
                    }
                }
            },
            Step(title: "details sees who calls: the identity of productpage") { walk, done in
                walk.call(.details, past: .sidecar(of: .productpage), "/headers") { result in
                    switch result {
                    case .success(let answer):
                        let identity =
                            "URI=spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
                        let isSeen =
                            answer.text.contains("x-forwarded-client-cert")
                            && answer.text.contains(identity)
                        done(isSeen ? nil : "it saw \(answer.text.prefix(300))")
                    case .failure(let error): done("\(error)")
                    }
                }
            },
            Step(title: "from inside the mesh every service is called by its name") { walk, done in
                walk.callFromInside("httpbin:8000", "/hostname") { result in
                    switch result {
                    case .success(let answer):
                        done(answer.text.contains("httpbin-v") ? nil : "it says \(answer.text)")
                    case .failure(let error): done("\(error)")
                    }
                }
            },
            Step(title: "every certificate is renewed under load, and no request fails") {
                Rotation.start($0, then: $1)
            },
        ]
    }

    /// Which way a call takes.
    private enum Way {
        /// Straight to the address that only other sidecars should call.
        case sidecarsOfOthers
        /// As the application beside this sidecar calls.
        case sidecar(of: BookinfoService)
    }

    private func call(
        _ service: BookinfoService, past way: Way, _ target: String,
        then: @escaping HTTPClient.Completion
    ) {
        guard let mesh else { return }
        let address =
            switch way {
            case .sidecarsOfOthers: service.inboundAddress(port: mesh.ports.workload)
            case .sidecar(let caller): caller.outboundAddress(port: mesh.ports.workload)
            }
        let authority = "\(service.name):\(BookinfoService.defaultPort)"
        client.send(
            ClientRequest(target: target, authority: authority), to: address,
            timeoutMs: Self.timeoutMs, completion: then)
    }

    /// Through the sidecar of `curl`, which goes by the Host, port included.
    private func callFromInside(
        _ authority: String, _ target: String, then: @escaping HTTPClient.Completion
    ) {
        guard let mesh else { return }
        client.send(
            ClientRequest(target: target, authority: authority), to: mesh.callsAddress,
            timeoutMs: Self.timeoutMs, completion: then)
    }

    private func probe(
        protocols: [String], _ done: @escaping (String?) -> Void,
        fault: @escaping (SecureProbe.Answer) -> String?
    ) {
        guard let mesh else { return }
        SecureProbe.send(
            "/productpage", to: .v4(0x7F00_0001, port: mesh.ports.https), name: "localhost",
            roots: mesh.roots, protocols: protocols, timeoutMs: Self.timeoutMs, on: process.loop
        ) { result in
            switch result {
            case .success(let answer): done(fault(answer))
            case .failure(let failure): done("\(failure)")
            }
        }
    }
}

/// Requests without a pause while every proxy gets a new certificate, and some more after.
private final class Rotation {
    private static let lanes = 4
    /// Requests after the last certificate was renewed: connections made with the new ones.
    private static let requestsAfter = 40

    private let walk: DemoWalk
    private let then: (String?) -> Void
    private let deadlineMs: UInt64
    private var running = Rotation.lanes
    private var answered = 0
    private var after = 0
    private var fault: String?

    private init(_ walk: DemoWalk, then: @escaping (String?) -> Void) {
        self.walk = walk
        self.then = then
        deadlineMs = walk.process.loop.nowMs + DemoWalk.timeoutMs
    }

    static func start(_ walk: DemoWalk, then: @escaping (String?) -> Void) {
        let rotation = Rotation(walk, then: then)
        walk.process.renewIdentities()
        for _ in 0..<lanes { rotation.next() }
    }

    private func next() {
        let isRenewed = walk.process.leastIdentityRenewals > 0
        if isRenewed { after += 1 }
        let isLate = walk.process.loop.nowMs > deadlineMs
        if isLate, !isRenewed, fault == nil { fault = "a proxy got no new certificate in time" }
        guard fault == nil, !isLate, after < Self.requestsAfter else {
            running -= 1
            if running == 0 { then(fault) }
            return
        }
        walk.client.send(
            walk.get("/api/v1/products/0/reviews"), to: walk.gateway,
            timeoutMs: DemoWalk.timeoutMs
        ) { result in
            self.answered += 1
            switch result {
            case .success(let answer) where answer.status == 200: break
            case .success(let answer):
                self.fault = "request \(self.answered): status \(answer.status): \(answer.text)"
            case .failure(let error): self.fault = "request \(self.answered): \(error)"
            }
            self.next()
        }
    }
}
