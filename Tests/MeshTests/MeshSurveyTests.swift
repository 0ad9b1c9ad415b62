// What `validate` says of proxies that nobody has started yet: sidecars and other gateways.
// A mistake that only they would meet has to be found on the machine where it was written.
import Mesh
import Spec
import Testing

@Suite("other proxies")
struct MeshSurveyTests {
    private func findings(_ documents: String...) -> [String] {
        let world = World(documents.joined(separator: "\n---\n"), node: MeshWorld.gateway)
        return surveyDiagnostics(
            world.objects, node: MeshWorld.gateway, known: world.diagnostics
        ).map(\.description)
    }

    private static func workload(namespace: String = "default") -> String {
        """
        kind: WorkloadEntry
        metadata: {name: a-1, namespace: \(namespace)}
        spec: {address: 10.0.0.1, labels: {app: a}, serviceAccount: a}
        """
    }

    /// For the mesh, to a host that nobody describes.
    private static let lost = """
        kind: VirtualService
        metadata: {name: lost}
        spec:
          hosts: [a.test]
          http: [{route: [{destination: {host: nowhere.test}}]}]
        """

    @Test("a listener that a sidecar could not have is found without starting it")
    func loop() {
        let found = findings(
            Piece.service("a"), Piece.workload("a-1", app: "a", address: "127.0.0.1"),
            Piece.sidecar(
                named: "s", app: "a", "ingress: [{port: {number: 80, protocol: HTTP, name: h}}]"))
        #expect(found.count == 1)
        #expect(found.first?.contains("error: requests to 127.0.0.1:80 would be sent") == true)
    }

    @Test("a Sidecar whose selector fits no workload is for nobody")
    func nobody() {
        let egress = "egress: [{hosts: ['./*']}]"
        let found = findings(
            Piece.workload("b-1", app: "b", address: "10.0.0.1"),
            Piece.sidecar(named: "s", app: "a", egress))
        #expect(found.first?.contains("is labelled app=a: this Sidecar is for nobody") == true)
        #expect(findings(Piece.sidecar(named: "s", app: "a", egress)).isEmpty, "no workload at all")
    }

    @Test("what is right is said nothing of")
    func right() {
        #expect(
            findings(
                Piece.service("a"), Piece.workload("a-1", app: "a", address: "10.0.0.1"),
                Piece.sidecar(named: "s", app: "a", "egress: [{hosts: ['./*']}]")
            ).isEmpty)
    }

    @Test("a workload that no Sidecar is for has a proxy all the same")
    func withoutSidecar() throws {
        #expect(findings(Self.lost).isEmpty, "nobody asks")
        let found = findings(Self.lost, Self.workload())
        try #require(found.count == 1, "\(found)")
        #expect(found[0].contains("there is no service nowhere.test: its requests get 503 NC"))
    }

    @Test("a namespace's other workloads are asked beside those that a Sidecar is for")
    func besideSidecar() {
        let elsewhere = Piece.sidecar(named: "s", app: "b", "egress: [{hosts: ['none/*']}]")
        let other = Piece.workload("b-1", app: "b", address: "10.0.0.2")
        #expect(findings(Self.lost, other, elsewhere).isEmpty)
        #expect(findings(Self.lost, other, elsewhere, Self.workload()).count == 1)
    }

    @Test("the Sidecar of the root namespace is asked of workloads of all others")
    func root() throws {
        let sidecar = Piece.sidecar(
            named: "s", namespace: "istio-system", app: nil,
            "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: gate.test, port: {number: 80}}}"
        )
        let found = findings(Self.workload(), sidecar)
        try #require(found.count == 1, "\(found)")
        #expect(found[0].contains("there is no service gate.test"))
    }

    @Test("what many proxies would say is said once, though each names its own namespace")
    func once() throws {
        let hidden = """
            kind: ServiceEntry
            metadata: {name: hidden, namespace: c}
            spec:
              hosts: [nowhere.test]
              exportTo: ['.']
              resolution: STATIC
              endpoints: [{address: 10.0.0.1}]
              ports: [{number: 80, name: http, protocol: HTTP}]
            """
        let found = findings(
            hidden, Self.lost, Self.workload(), Self.workload(namespace: "a"),
            Self.workload(namespace: "b"))
        try #require(found.count == 1, "\(found)")
        #expect(found[0].contains("nowhere.test is not exported to namespace"))
    }

    @Test("a gateway with other labels is asked for what its Gateway is bound to")
    func egressGateway() throws {
        let gate = """
            kind: Gateway
            metadata: {name: out}
            spec:
              selector: {istio: egressgateway}
              servers:
              - {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}
            ---
            kind: VirtualService
            metadata: {name: way}
            spec:
              hosts: [a.test]
              gateways: [out]
              http: [{route: [{destination: {host: nowhere.test}}]}]
            """
        let found = findings(gate)
        try #require(found.count == 1, "\(found)")
        #expect(found[0].contains("there is no service nowhere.test"))
        #expect(found[0].contains("VirtualService default/way"))
    }

    @Test("what only a proxy without captured connections would say is not told of all")
    func captured() {
        let original = """
            kind: ServiceEntry
            metadata: {name: original}
            spec:
              hosts: [original.test]
              resolution: NONE
              ports: [{number: 80, name: http, protocol: HTTP}]
            """
        #expect(findings(original, Self.workload()).isEmpty)
    }

    @Test("of very many proxies the first are asked, and how many were not is told")
    func many() {
        let workloads = (0..<70).map { Self.workload(namespace: "n\($0)") }
        let found = findings(workloads.joined(separator: "\n---\n"))
        #expect(found == ["info: 6 of 70 other proxies were not asked, as there are so many"])
    }
}
