// Sidecar and PeerAuthentication: what is read out of them, and every rule that can be broken.
// Rules and values are Istio's (sidecar.proto, peer_authentication.proto, pkg/config/validation).
import Foundation
import Spec
import Testing

@Suite("kinds of the mesh")
struct MeshKindTests {
    private static func sidecar(_ spec: String) -> String { object("Sidecar", spec) }

    private static func ingress(_ listener: String) -> String {
        sidecar("ingress: [{port: {number: 80, protocol: HTTP, name: http}, \(listener)}]")
    }

    private static func egress(_ listeners: String...) -> String {
        sidecar("egress: [\(listeners.map { "{\($0)}" }.joined(separator: ", "))]")
    }

    private static func peers(_ spec: String) -> String {
        object("PeerAuthentication", spec).replacing("networking", with: "security")
    }

    // MARK: - Reading

    @Test("a Sidecar with everything written")
    func sidecarInFull() throws {
        let parsed = parse(
            Self.sidecar(
                """
                workloadSelector: {labels: {app: a}}
                ingress:
                - port: {number: 9080, protocol: http, name: main}
                  bind: 10.0.0.1
                  captureMode: NONE
                  defaultEndpoint: 127.0.0.1:8080
                  connectionPool: {tcp: {connectTimeout: 3s}}
                - port: {number: 9443, protocol: HTTPS, name: tls}
                  defaultEndpoint: unix:///run/a.sock
                  tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}
                egress:
                - port: {number: 80, protocol: HTTP, name: out}
                  bind: 127.0.0.1
                  captureMode: IPTABLES
                  hosts: ["./*", "*/b.example.com", "other/*.example.com"]
                - hosts: ["~/*"]
                inboundConnectionPool: {tcp: {connectTimeout: 1s}}
                outboundTrafficPolicy:
                  mode: ALLOW_ANY
                  egressProxy: {host: proxy.example.com, subset: s, port: {number: 3128}}
                """))
        #expect(parsed.diagnostics.filter(\.isError).isEmpty, "\(parsed.complaints)")
        let sidecar = try parsed.first(Sidecar.self)
        #expect(sidecar.workloadSelector == ["app": "a"])
        #expect(sidecar.ingress.map { $0.port?.number } == [9080, 9443])
        #expect(sidecar.ingress[0].port?.protocolName == .http)
        #expect(sidecar.ingress[0].bind == "10.0.0.1")
        #expect(sidecar.ingress[0].captureMode == .none)
        #expect(sidecar.ingress[0].defaultEndpoint.value == "127.0.0.1:8080")
        #expect(sidecar.ingress[0].connectionPool?.tcp?.connectTimeout == .seconds(3))
        #expect(sidecar.ingress[1].tls?.mode == .simple)
        #expect(sidecar.egress[0].captureMode == .iptables)
        #expect(sidecar.egress[0].hosts.map(\.value).last == "other/*.example.com")
        #expect(sidecar.egress[1].port == nil)
        #expect(sidecar.inboundConnectionPool?.tcp?.connectTimeout == .seconds(1))
        #expect(sidecar.outboundTrafficPolicy?.mode == .allowAny)
        #expect(sidecar.outboundTrafficPolicy?.egressProxy?.port == 3128)
    }

    @Test("an outboundTrafficPolicy without a mode is REGISTRY_ONLY")
    func policyZero() throws {
        let sidecar = try parse(Self.sidecar("outboundTrafficPolicy: {}")).first(Sidecar.self)
        #expect(sidecar.outboundTrafficPolicy?.mode == .registryOnly)
    }

    @Test("a PeerAuthentication with everything written")
    func peersInFull() throws {
        let parsed = parse(
            Self.peers(
                """
                selector: {matchLabels: {app: a}}
                mtls: {mode: STRICT}
                portLevelMtls:
                  8080: {mode: DISABLE}
                  "9090": {mode: PERMISSIVE}
                """))
        #expect(parsed.diagnostics.isEmpty, "\(parsed.complaints)")
        let policy = try parsed.first(PeerAuthentication.self)
        #expect(policy.selector == ["app": "a"])
        #expect(policy.mode == .strict)
        #expect(policy.portLevelModes == [8080: .disable, 9090: .permissive])
    }

    @Test("a PeerAuthentication that says nothing is fine, and says nothing")
    func peersEmpty() throws {
        let policy = try parse(Self.peers("{}").replacing("spec:\n  {}", with: "spec: {}"))
            .first(PeerAuthentication.self)
        #expect(policy.mode == .unset && policy.selector.isEmpty)
    }

    @Test(
        "endpoints of a workload are loopback, unspecified or its own",
        arguments: [
            ("127.0.0.1:80", "127.0.0.1", 80), ("127.0.1.11:9080", "127.0.1.11", 9080),
            ("0.0.0.0:1", "0.0.0.0", 1), ("[::1]:80", "::1", 80), ("[::]:80", "::", 80),
            (":80", "", 80),
        ] as [(String, String, UInt16)])
    func endpoints(_ text: String, _ address: String, _ port: UInt16) throws {
        let endpoint = try #require(Sidecar.endpoint(text))
        #expect(endpoint.address == address && endpoint.port == port)
        #expect(parse(Self.ingress("defaultEndpoint: '\(text)'")).diagnostics.isEmpty)
    }

    // MARK: - Checking

    static let sidecarBreaches: [Breach] = [
        Breach(
            "a Sidecar says something", sidecar("workloadSelector: {labels: {a: b}}"), "spec",
            "a Sidecar that says nothing"),
        Breach(
            "a selector without labels is everybody",
            sidecar("workloadSelector: {}\noutboundTrafficPolicy: {}"), "spec.workloadSelector",
            "a workloadSelector without labels means every workload of the namespace", .warning),
        Breach(
            "a selector has no wildcards",
            sidecar("workloadSelector: {labels: {a: 'b*'}}\noutboundTrafficPolicy: {}"),
            "spec.workloadSelector.labels.a", "a label cannot hold `*`"),
        Breach(
            "an ingress listener has a port",
            sidecar("ingress: [{defaultEndpoint: '127.0.0.1:80'}]"),
            "spec.ingress[0]", "an ingress listener without a port"),
        Breach(
            "a port of an ingress listener has a number", sidecar("ingress: [{port: {name: a}}]"),
            "spec.ingress[0].port", "a port without `number`"),
        Breach(
            "ports of ingress listeners differ",
            sidecar("ingress: [{port: {number: 80}}, {port: {number: 80}}]"),
            "spec.ingress[1].port.number", "two ingress listeners for port 80"),
        Breach(
            "ingress listens on addresses", ingress("bind: 'unix:///a'"), "spec.ingress[0].bind",
            "`unix:///a` is no IP address"),
        Breach(
            "ports have no targetPort",
            sidecar("ingress: [{port: {number: 80, targetPort: 8080}}]"),
            "spec.ingress[0].port.targetPort", "a Sidecar's port has no targetPort"),
        Breach(
            "a protocol is known", sidecar("ingress: [{port: {number: 80, protocol: HTPT}}]"),
            "spec.ingress[0].port.protocol", "`HTPT` is none of the values"),
        Breach(
            "a name of a port is a label", sidecar("ingress: [{port: {number: 80, name: A_b}}]"),
            "spec.ingress[0].port.name", "`A_b` is no name for a port"),
        Breach(
            "an endpoint is of the workload", ingress("defaultEndpoint: '10.0.0.1:80'"),
            "spec.ingress[0].defaultEndpoint", "`10.0.0.1:80` is no endpoint of the workload"),
        Breach(
            "an endpoint has a port", ingress("defaultEndpoint: '127.0.0.1'"),
            "spec.ingress[0].defaultEndpoint", "`127.0.0.1` is no endpoint of the workload"),
        Breach(
            "an endpoint's socket has a path", ingress("defaultEndpoint: 'unix://a'"),
            "spec.ingress[0].defaultEndpoint",
            "a unix socket needs an absolute path or an abstract name"),
        Breach(
            "a pool says something", ingress("connectionPool: {}"),
            "spec.ingress[0].connectionPool", "a connectionPool that says nothing"),
        Breach(
            "HTTP's limits are for HTTP",
            sidecar(
                "ingress: [{port: {number: 80, protocol: TCP}, "
                    + "connectionPool: {http: {useClientProtocol: true}}}]"
            ), "spec.ingress[0].connectionPool.http", "limits for HTTP on a port for TCP", .warning
        ),
        Breach(
            "an egress listener has hosts", egress("port: {number: 80}"), "spec.egress[0]",
            "an egress listener without hosts"),
        Breach(
            "hosts name a namespace", egress("hosts: [reviews]"), "spec.egress[0].hosts[0]",
            "`reviews` names no namespace"),
        Breach(
            "a namespace is a label", egress("hosts: ['A/b']"), "spec.egress[0].hosts[0]",
            "`A` is no namespace"),
        Breach(
            "a host is a host", egress("hosts: ['a/b*c']"), "spec.egress[0].hosts[0]",
            "`*` can only be the first character of a host"),
        Breach(
            "a host is there once", egress("hosts: ['./a', './a']"), "spec.egress[0].hosts[1]",
            "`./a` is there twice", .warning),
        Breach(
            "the listener for all ports comes last",
            egress("hosts: ['./*']", "port: {number: 80}, hosts: ['./*']"), "spec.egress[0]",
            "an egress listener without a port before others"),
        Breach(
            "ports of egress listeners differ",
            egress("port: {number: 80}, hosts: ['./*']", "port: {number: 80}, hosts: ['./*']"),
            "spec.egress[1].port.number", "two egress listeners for port 80"),
        Breach(
            "a port without number is a socket", egress("port: {name: a}, hosts: ['./*']"),
            "spec.egress[0].port", "a port without `number`"),
        Breach(
            "sockets differ",
            egress(
                "port: {protocol: HTTP}, bind: 'unix:///a', hosts: ['./*']",
                "port: {protocol: HTTP}, bind: 'unix:///a', hosts: ['./*']"),
            "spec.egress[1].bind", "two egress listeners on unix:///a"),
        Breach(
            "sockets are not captured",
            egress(
                "port: {protocol: HTTP}, bind: 'unix:///a', captureMode: IPTABLES, hosts: ['./*']"),
            "spec.egress[0].captureMode", "packets to a unix socket cannot be captured"),
        Breach(
            "an egressProxy is for ALLOW_ANY",
            sidecar("outboundTrafficPolicy: {egressProxy: {host: a.b, port: {number: 1}}}"),
            "spec.outboundTrafficPolicy.egressProxy", "`egressProxy` needs mode ALLOW_ANY"),
        Breach(
            "an egressProxy has a port",
            sidecar("outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b}}"),
            "spec.outboundTrafficPolicy.egressProxy", "an egressProxy without a port"),
        Breach(
            "ingress tls is for TLS ports",
            ingress("tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}"),
            "spec.ingress[0].tls", "TLS settings on a server for plain HTTP"),
    ]

    static let peerBreaches: [Breach] = [
        Breach(
            "modes by port need a selector", peers("portLevelMtls: {80: {mode: STRICT}}"),
            "spec.portLevelMtls", "modes by port for a whole namespace or mesh"),
        Breach(
            "modes by port name a port",
            peers("selector: {matchLabels: {a: b}}\nportLevelMtls: {}"), "spec.portLevelMtls",
            "portLevelMtls without a port"),
        Breach(
            "0 is no port",
            peers("selector: {matchLabels: {a: b}}\nportLevelMtls: {0: {mode: STRICT}}"),
            "spec.portLevelMtls.0", "`0` is no port"),
        Breach(
            "a word is no port",
            peers("selector: {matchLabels: {a: b}}\nportLevelMtls: {http: {mode: STRICT}}"),
            "spec.portLevelMtls.http", "`http` is no port"),
        Breach(
            "a mode is known", peers("mtls: {mode: BLAH}"), "spec.mtls.mode",
            "`BLAH` is none of the values"),
        Breach(
            "a selector has no wildcards",
            peers("selector: {matchLabels: {a: '*'}}\nmtls: {mode: STRICT}"),
            "spec.selector.matchLabels.a", "a label cannot hold `*`"),
        Breach(
            "the selector of security kinds says matchLabels",
            peers("selector: {labels: {a: b}}"), "spec.selector.labels",
            "WorkloadSelector has no field `labels`; it is ignored", .warning),
    ]

    @Test("a breach of Sidecar's rules is found at its field", arguments: sidecarBreaches)
    func breachOfSidecar(_ breach: Breach) { expect(breach) }

    @Test(
        "a breach of PeerAuthentication's rules is found at its field",
        arguments: peerBreaches)
    func breachOfPeers(_ breach: Breach) { expect(breach) }

    private func expect(_ breach: Breach) {
        let findings = parse(breach.text).diagnostics
        #expect(
            findings.contains {
                $0.severity == breach.severity && $0.fieldPath == breach.path
                    && $0.message == breach.message
            }, "\(findings)")
        #expect(
            parse(breach.text).objects.isEmpty == (breach.severity == .error),
            "an error keeps the object out, a warning does not")
    }
}
