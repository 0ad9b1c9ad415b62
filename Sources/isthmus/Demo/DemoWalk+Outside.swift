// The steps of the walk that leave the mesh: a book service outside, called where an entry lets it
// be called and nowhere else.
// The rules come and go as a person's would, in files: reloading is part of what is checked.
import Control
import HTTP
import Net

extension DemoWalk {
    private static let blocked =
        "books.example.com is blocked by outboundTrafficPolicy REGISTRY_ONLY of "
        + "Sidecar default/details-v2"

    static var outsideSteps: [Step] {
        [
            Step(title: "details v2 asks an outside service: blocked, and the page says why") {
                $0.apply("details-v2.yaml")
                Look.start($0, for: blocked, then: $1)
            },
            Step(title: "a ServiceEntry for it is live at once: it answers, over TLS") {
                $0.apply("book-service.yaml")
                Look.start($0, for: "9780486424613", then: $1)
            },
            Step(title: "without the entry it is blocked again, without a restart") {
                $0.mesh?.rules?.remove("book-service.yaml")
                Look.start($0, for: blocked, then: $1)
            },
        ]
    }

    /// A failure to write shows in the step: what it waits for never comes.
    private func apply(_ name: String) {
        guard let mesh, let rules = mesh.rules else { return }
        for file in BookServiceResources.files where file.name == name {
            let text = file.text
                .replacing(
                    "targetPort: \(DemoMesh.declaredOutside)",
                    with: "targetPort: \(mesh.ports.bound(DemoMesh.declaredOutside))")
            _ = try? rules.write(name, text)
        }
    }
}

/// Loads the page again and again, as a person would who waits for a rule to be live.
private final class Look: TimerTarget {
    private static let pauseMs: UInt64 = 10

    private let walk: DemoWalk
    private let wanted: String
    private let then: (String?) -> Void
    private let deadlineMs: UInt64

    private init(_ walk: DemoWalk, for wanted: String, then: @escaping (String?) -> Void) {
        self.walk = walk
        self.wanted = wanted
        self.then = then
        deadlineMs = walk.process.loop.nowMs + DemoWalk.timeoutMs
    }

    static func start(
        _ walk: DemoWalk, for wanted: String, then: @escaping (String?) -> Void
    ) {
        Look(walk, for: wanted, then: then).look()
    }

    private func look() {
        walk.client.send(
            walk.get("/productpage"), to: walk.gateway, timeoutMs: DemoWalk.timeoutMs
        ) { [self] result in
            guard case .success(let answer) = result, answer.text.contains(wanted) else {
                guard walk.process.loop.nowMs < deadlineMs else {
                    then("the page never said \"\(wanted)\"")
                    return
                }
                _ = walk.process.loop.timers.schedule(
                    afterMs: Self.pauseMs, target: self, tag: 0)
                return
            }
            then(nil)
        }
    }

    override func timerFired(tag: UInt8) { look() }
}
