// Configurations with random damage: whatever can be read can be compiled, dumped, compared and
// explained without ending the process.
import Mesh
import Spec
import Testing

@Suite struct HostileTests {
    private static let documents: [String] = [
        Piece.gateway(hosts: "\"*\", default/a.com, ./b.com", extra: "tls: {httpsRedirect: true}"),
        Piece.gateway("tcp", port: 31_400, protocolName: "TCP"), Piece.served("a"),
        Piece.service("b", ports: "{name: http, port: 80, targetPort: web}, {name: x, port: 81}"),
        Piece.virtualService(
            http: """
                - name: first
                  match:
                  - {uri: {regex: '/a(b|c)+/[0-9]*'}, headers: {x: {prefix: y1}}, port: 80}
                  - {uri: {prefix: /p}, withoutHeaders: {z: {}}, queryParams: {q: {exact: '1'}}}
                  rewrite: {uriRegexRewrite: {match: '/(a)', rewrite: '/\\1'}}
                  headers: {request: {set: {x: '%REQ(a)%%%'}, remove: [gone]}}
                  route:
                  - {destination: {host: a, subset: v1}, weight: 90}
                  - {destination: {host: b, port: {number: 81}}, weight: 10}
                - match: [{uri: {prefix: /old}}]
                  redirect: {prefixRewrite: /new, derivePort: FROM_REQUEST_PORT}
                - match: [{uri: {exact: /x}}]
                  delegate: {name: d}
                - directResponse: {status: 404, body: {string: none}}
                """),
        """
        kind: VirtualService
        metadata: {name: d}
        spec:
          http: [{match: [{uri: {exact: /x}}], route: [{destination: {host: a}}]}]
        """,
        """
        kind: VirtualService
        metadata: {name: t}
        spec:
          hosts: ["*"]
          gateways: [tcp]
          tcp: [{match: [{port: 31400}], route: [{destination: {host: b, port: {number: 80}}}]}]
        """,
        """
        kind: DestinationRule
        metadata: {name: a}
        spec:
          host: a
          trafficPolicy:
            connectionPool: {tcp: {connectTimeout: 2s}}
            portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]
          subsets: [{name: v1, labels: {version: v1}}]
        """,
        """
        kind: ServiceEntry
        metadata: {name: e}
        spec:
          hosts: [e.com, "*.e.com"]
          ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
          resolution: STATIC
          endpoints: [{address: 10.0.0.9, weight: 3}, {address: "fd00::1"}]
        """,
    ]

    @Test("random damage never ends the process", arguments: [UInt64(1), 2, 3, 4])
    func damage(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var compiled = 0
        var previous: Snapshot?
        for _ in 0..<400 {
            let objects = Self.documents.flatMap { document -> [any Resource] in
                var bytes = Array(Self.headed(document).utf8)
                if random.next() % 3 == 0 { Self.hurt(&bytes, &random) }
                return ParsedFile(reading: bytes, file: "hurt.yaml").objects
            }
            let set = ObjectSet(objects)
            let node = Node(portMap: [80: 8080])
            let result = compile(set, node: node, version: 1, previous: previous)
            guard let snapshot = result.snapshot else { continue }
            compiled += 1
            #expect(!SnapshotText.render(snapshot).isEmpty || snapshot.routing.listeners.isEmpty)
            _ = try parseJSON(snapshot.json())
            if let previous { _ = SnapshotDifference(from: previous, to: snapshot).description }
            for url in ["/abc/1?q=1", "http://a.com/old/x", "http://[::1]:80/p", "/x"] {
                let request = try ExplainRequest(url: url, headers: [("x", "y1")])
                let answer = explain(request, snapshot: snapshot, objects: set, node: node)
                #expect(!answer.description.isEmpty)
            }
            previous = snapshot
        }
        #expect(compiled > 200)
    }

    private static func headed(_ document: String) -> String {
        document.components("\n---\n").map { part in
            let isCore = part.hasPrefix("kind: Service\n")
            return "apiVersion: \(isCore ? "v1" : "networking.istio.io/v1")\n\(part)"
        }.joined(separator: "\n---\n")
    }

    /// One to three bytes replaced, doubled, swapped for something that means something, or lost.
    private static func hurt(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let marks = Array("*/%\\[](){}:.,-'\"0918 ~&!|>#@\u{0}é".utf8)
        for _ in 0...(random.next() % 3) where bytes.count > 40 {
            // Behind the version, or hardly anything would be left to compile.
            let place = 35 + Int(random.next() % UInt64(bytes.count - 35))
            switch random.next() % 4 {
            case 0: bytes[place] = marks[Int(random.next() % UInt64(marks.count))]
            case 1: bytes.insert(bytes[place], at: place)
            case 2: bytes.remove(at: place)
            default: bytes.insert(marks[Int(random.next() % UInt64(marks.count))], at: place)
            }
        }
    }
}
