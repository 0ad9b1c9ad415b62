// Strict decoding: what is taken, what is refused, and what the findings say.
import Foundation
import Spec
import Testing

@Suite("decoding")
struct DecodeTests {
    /// A VirtualService with one rule to `reviews` and these fields beside `route`.
    static func rule(_ fields: String) -> String {
        let indented = fields.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
        return object(
            "VirtualService",
            "hosts: [reviews]\nhttp:\n- route:\n  - destination:\n      host: reviews\n\(indented)")
    }

    @Test(
        "all three versions are taken",
        arguments: [
            "networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3",
        ])
    func versions(version: String) {
        let text = Self.rule("").replacing("networking.istio.io/v1", with: version)
        #expect(parse(text).objects.count == 1)
        #expect(parse(text).diagnostics.isEmpty)
    }

    @Test("an unknown version is a warning, and the object is left out")
    func unknownVersion() throws {
        let parsed = parse(Self.rule("").replacing("io/v1", with: "io/v1alpha1"))
        let finding = try only(parsed)
        #expect(finding.severity == .warning)
        #expect(finding.advice == "write apiVersion: networking.istio.io/v1")
        #expect(parsed.objects.isEmpty)
    }

    @Test("a kind under the wrong group is told its group")
    func wrongGroup() throws {
        let finding = try only(parse(Self.rule("").replacing("networking.istio.io/v1", with: "v1")))
        #expect(finding.advice == "write apiVersion: networking.istio.io/v1")
    }

    @Test("a misspelled kind is told the right one")
    func misspelledKind() throws {
        let finding = try only(
            parse(Self.rule("").replacing("VirtualService", with: "VirtualServce")))
        #expect(finding.severity == .warning)
        #expect(finding.advice == "did you mean `VirtualService`?")
    }

    @Test("an object without a kind or a version is an error")
    func withoutKind() throws {
        #expect(try only(parse("kind: Service\n")).message == "an object without `apiVersion`")
        #expect(try only(parse("apiVersion: v1\n")).message == "an object without `kind`")
    }

    @Test("other people's kinds are skipped with one line")
    func skipped() throws {
        let finding = try only(
            parse(kubernetes("Deployment", "spec: {anything: 1}", apiVersion: "apps/v1")))
        #expect(finding.severity == .info)
        #expect(finding.message == "skipped: Deployment is not used by Isthmus")
    }

    @Test("a policy that would forbid something is skipped with a warning")
    func skippedPolicy() throws {
        let finding = try only(
            parse(
                kubernetes(
                    "AuthorizationPolicy", "spec: {}", apiVersion: "security.istio.io/v1")))
        #expect(finding.severity == .warning)
        #expect(finding.message.contains("not enforced"))
    }

    @Test("metadata and status that a cluster writes are passed over")
    func clusterFields() throws {
        let parsed = parse(
            """
            apiVersion: networking.istio.io/v1beta1
            kind: VirtualService
            metadata:
              annotations:
                kubectl.kubernetes.io/last-applied-configuration: |
                  {"apiVersion":"networking.istio.io/v1alpha3"}
                team: a
              creationTimestamp: "2021-10-05T01:23:45Z"
              generation: 4
              managedFields: [{a: {b: [1]}}]
              name: ratings
              namespace: prod
              resourceVersion: "12"
              uid: 0c3f
              ownerReferences: []
            spec:
              hosts: [ratings]
              http: [{route: [{destination: {host: ratings}}]}]
            status: {conditions: []}
            """)
        #expect(parsed.diagnostics.isEmpty)
        let service = try parsed.first(VirtualService.self)
        #expect(service.metadata.annotations == ["team": "a"])
        #expect(service.metadata.creationTimestamp == 1_633_397_025)
        #expect(service.key.description == "VirtualService prod/ratings")
    }

    @Test("an object without a namespace is in the default one that was asked for")
    func defaultNamespace() {
        let parsed = ParsedFile(
            reading: Array(Self.rule("").utf8), file: "a", defaultNamespace: "shop")
        #expect(parsed.objects.first?.namespace == "shop")
    }

    // MARK: - Unknown fields

    @Test(
        "an unknown field is a warning that says what was meant",
        arguments: [
            ("timout: 3s", "did you mean `timeout`?"),
            ("per_try_timeout: 3s", ""),
            ("mirror_percentage: {value: 1}", "write `mirrorPercentage`"),
            ("subset: v1", ""),
            ("hosts: [a]", "`hosts` belongs one level up, in VirtualService"),
            ("attempts: 3", "`attempts` belongs under `retries`"),
        ])
    func unknownField(field: String, advice: String) throws {
        let parsed = parse(Self.rule(field))
        let name = field.prefix { $0 != ":" }
        let finding = try #require(
            parsed.diagnostics.first {
                $0.message == "HTTPRoute has no field `\(name)`; it is ignored"
            })
        #expect(finding.severity == .warning)
        #expect(finding.location?.description == "test.yaml:11:5")
        #expect(finding.fieldPath == "spec.http[0].\(name)")
        if !advice.isEmpty { #expect(finding.advice == advice) }
        #expect(parsed.objects.count == 1)
    }

    @Test("a rule's field inside of its destination is told to go up")
    func wrongLevel() throws {
        let parsed = parse(
            object(
                "VirtualService",
                "hosts: [a]\nhttp:\n- route:\n  - destination:\n      host: a\n    timeout: 3s"))
        let finding = try only(parsed)
        #expect(finding.advice == "`timeout` belongs one level up, in HTTPRoute")
    }

    @Test("a field of the spec beside it is told to go under it")
    func besideSpec() throws {
        let text = kubernetes("Service", "ports: [{port: 80}]\nspec: {ports: [{port: 80}]}")
        let finding = try only(parse(text))
        #expect(finding.advice == "`ports` belongs under `spec`")
    }

    @Test("unknown fields of Kubernetes' own kinds are their own business")
    func openKinds() {
        let text = kubernetes(
            "Service",
            "spec:\n  sessionAffinity: None\n  ipFamilies: [IPv4]\n  ports: [{port: 80, x: y}]")
        #expect(parse(text).diagnostics.isEmpty)
    }

    @Test("mirror_percent is taken like mirrorPercent, and both are deprecated")
    func mirrorPercent() throws {
        for name in ["mirror_percent", "mirrorPercent"] {
            let parsed = parse(Self.rule("mirror: {host: b}\n\(name): 40"))
            #expect(try parsed.first(VirtualService.self).http[0].mirrorPercentage == 40)
            let finding = try only(parsed)
            #expect(finding.message == "`mirrorPercent` is deprecated")
            #expect(finding.severity == .warning)
        }
        let both = parse(
            Self.rule("mirror: {host: b}\nmirrorPercent: 40\nmirrorPercentage: {value: 7.5}"))
        #expect(try both.first(VirtualService.self).http[0].mirrorPercentage == 7.5)
    }

    // MARK: - Types

    @Test(
        "a value of the wrong type is an error at its place",
        arguments: [
            ("timeout: 10", "the number 10 is no duration"),
            ("timeout: 10 s", "`10 s` is no duration"),
            ("timeout: -1s", "the duration -1s is negative"),
            ("timeout: 10us", "the duration 10us is below a millisecond"),
            ("timeout: [1s]", "a duration is needed, not a list"),
            ("match: {uri: {prefix: /}}", "a list is needed, not a mapping"),
            ("name: 12", "a text is needed, and `12` without quotes is a number"),
            ("name: yes", "a text is needed, and `yes` without quotes is a boolean"),
            ("name: 1.0", "a text is needed, and `1.0` without quotes is a number"),
            ("retries: 3", "HTTPRetry is a mapping, not the number 3"),
            ("retries: {attempts: many}", "a whole number is needed, not `many`"),
            ("retries: {attempts: 1.5}", "a whole number is needed, not the number 1.5"),
            ("retries: {attempts: 3000000000}", "3000000000 is out of range"),
            (
                "retries: {attempts: 1, retryRemoteLocalities: \"true\"}",
                "true or false is needed, not the text \"true\""
            ),
            ("mirrorPercentage: {value: a lot}", "a number is needed, not `a lot`"),
            ("mirrorPercentage: {value: 101}", "101.0 is no percentage"),
            ("corsPolicy: {unmatchedPreflights: forward}", "`forward` is none of the values"),
            ("match: [{ignoreUriCase: 1}]", "true or false is needed, not the number 1"),
            ("match: [{port: 70000}]", "70000 is no port"),
            ("match: [{port: 0}]", "0 is no port"),
            ("match: [{headers: {a: }}]", "`a` is compared with nothing"),
            ("match: [{headers: {a: b}}]", "StringMatch is a mapping, not `b`"),
            (
                "match: [{headers: {a: {exact: 1}}}]",
                "a text is needed, and `1` without quotes is a number"
            ),
            ("match: [{uri: {}}]", "none of exact, prefix and regex"),
            ("match: [{uri: {exact: /a, prefix: /b}}]", "more than one of exact, prefix and regex"),
            (
                "match: [{sourceLabels: {on: x}}]",
                "the key `on` without quotes is a boolean to Kubernetes"
            ),
            ("match: [~]", "an item with nothing in it"),
        ])
    func wrongType(field: String, message: String) throws {
        let parsed = parse(Self.rule(field))
        let finding = try #require(
            parsed.diagnostics.first { $0.message == message }, "\(parsed.complaints)")
        #expect(finding.isError)
        #expect(finding.location?.line == 11)
        #expect(finding.object?.description == "VirtualService default/x")
        #expect(parsed.objects.isEmpty)
        #expect(parsed.hasErrors)
    }

    @Test(
        "a value in place of a message is told the field it was meant for",
        arguments: [
            ("match: [{uri: /a}]", "write `{exact: /a}`"),
            ("match: [{headers: {a: 1}}]", "write `{exact: \"1\"}`"),
            ("mirror: b", "write `{host: b}`"),
            ("mirrorPercentage: 50", "write `{value: 50}`"),
            ("retries: 3", "its fields are `attempts`, `perTryTimeout`"),
        ])
    func valueForMessage(field: String, advice: String) throws {
        let finding = try #require(parse(Self.rule(field)).diagnostics.first { $0.isError })
        #expect(finding.advice.hasPrefix(advice))
    }

    @Test("a number without quotes for a version label says to quote it")
    func versionLabel() throws {
        let finding = try only(
            parse(
                object("DestinationRule", "host: a\nsubsets:\n- name: v1\n  labels: {version: 1.0}")
            ))
        #expect(finding.fieldPath == "spec.subsets[0].labels.version")
        #expect(finding.advice == "write \"1.0\"")
    }

    @Test("whole numbers are taken as JSON writes them")
    func wholeNumbers() throws {
        let parsed = parse(Self.rule("retries: {attempts: 2.0}"))
        #expect(try parsed.first(VirtualService.self).http[0].retries?.attempts == 2)
    }

    @Test("a number in quotes is taken with a warning, as an API server refuses it")
    func quotedNumber() throws {
        let parsed = parse(
            object(
                "Gateway",
                "servers:\n- port: {number: \"80\", name: http, protocol: HTTP}\n  hosts: ['*']"))
        #expect(try parsed.first(Gateway.self).servers[0].port.number == 80)
        #expect(try only(parsed).severity == .warning)
    }

    @Test("fields that are null are fields that are not there")
    func nulls() throws {
        let parsed = parse(Self.rule("match:\ntimeout: ~\nheaders: null"))
        #expect(parsed.diagnostics.isEmpty)
        #expect(try parsed.first(VirtualService.self).http[0].match.isEmpty)
    }

    @Test("header conditions keep their order, their names and what {} means")
    func headerMatches() throws {
        let parsed = parse(
            Self.rule(
                "match: [{headers: {X-B: {}, a: {exact: \"1\"}, c: {regex: .*}}, "
                    + "queryParams: {q: {prefix: z}}}]"))
        let match = try parsed.first(VirtualService.self).http[0].match[0]
        #expect(match.headers.map(\.name) == ["X-B", "a", "c"])
        #expect(match.headers.map(\.match) == [.present, .exact("1"), .regex(".*")])
        #expect(match.queryParams[0].match == .prefix("z"))
    }

    @Test("a body is text or base64")
    func directResponse() throws {
        let text = object(
            "VirtualService",
            """
            hosts: [a]
            http:
            - match: [{uri: {exact: /a}}]
              directResponse: {status: 503, body: {string: "zzz"}}
            - directResponse: {status: 200, body: {bytes: aGk=}}
            """)
        let http = try parse(text).first(VirtualService.self).http
        #expect(http[0].directResponse?.body == Array("zzz".utf8))
        #expect(http[1].directResponse?.body == Array("hi".utf8))
    }

    @Test("what is accepted and not acted on is said once a file, at its first use")
    func idleFields() throws {
        let rule = object(
            "VirtualService",
            "hosts: [a]\ntcp:\n"
                + "- match: [{port: 1, sourceSubnet: 10.0.0.0/8}, {sourceSubnet: 10.1.0.0/16}]\n"
                + "  route: [{destination: {host: a}}]\n")
        let parsed = parse("\(rule)---\n\(rule.replacing("name: x", with: "name: z"))")
        #expect(parsed.complaints.isEmpty)
        #expect(
            parsed.idleFields.warnings.map(\.message) == [
                "L4MatchAttributes.sourceSubnet is accepted, and nothing acts on it"
            ])
        #expect(parsed.idleFields.warnings.first?.location?.line == 8)
    }

    @Test("plain TCP rules act, and nothing is said about them")
    func tcpActs() {
        let text = object(
            "VirtualService",
            "hosts: ['*']\ngateways: [g]\ntcp: [{match: [{port: 31400}], route: [{destination: {host: e}}]}]"
        )
        #expect(parse(text).idleFields.warnings.isEmpty)
        #expect(parse(text).diagnostics.isEmpty)
    }

    @Test("every rule, match and destination knows its line and column")
    func positions() throws {
        let text = object(
            "VirtualService",
            """
            hosts:
            - a
            gateways:
            - g
            http:
            - match:
              - uri:
                  exact: /
              route:
              - destination:
                  host: b
            """)
        let service = try parse(text).first(VirtualService.self)
        #expect(service.source.description == "test.yaml:1:1")
        #expect(service.hosts[0].position == Position(line: 7, column: 5))
        #expect(service.gateways[0].position == Position(line: 9, column: 5))
        #expect(service.http[0].position == Position(line: 11, column: 5))
        #expect(service.http[0].match[0].position == Position(line: 12, column: 7))
        #expect(service.http[0].route[0].position == Position(line: 15, column: 7))
        #expect(
            service.location(at: service.http[0].route[0].destination.position).description
                == "test.yaml:16:9")
    }

    // MARK: - Kubernetes

    @Test("a Service's target port is a number, a name, or the port itself")
    func targetPorts() throws {
        let service = try parse(
            kubernetes(
                "Service",
                "spec:\n  ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, "
                    + "targetPort: http}, {name: c, port: 82}]\n  clusterIP: None")
        ).first(Service.self)
        #expect(service.ports.map(\.targetPort) == [.number(8080), .name("http"), .number(82)])
        #expect(service.isHeadless)
        #expect(service.clusterIPs.isEmpty)
    }

    @Test("Endpoints and EndpointSlices are read with what they refer to")
    func endpointKinds() throws {
        let endpoints = try parse(
            kubernetes(
                "Endpoints",
                """
                subsets:
                - addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: p}}]
                  notReadyAddresses: [{ip: 10.0.0.2}]
                  ports: [{name: http, port: 8080}]
                """)
        ).first(Endpoints.self)
        #expect(endpoints.subsets[0].addresses[0].targetRef?.description == "Pod default/p")
        #expect(endpoints.subsets[0].notReadyAddresses[0].ip == "10.0.0.2")
        let slice = try parse(
            """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: x, labels: {kubernetes.io/service-name: s}}
            addressType: IPv4
            endpoints:
            - addresses: [10.0.0.1]
              conditions: {ready: false}
              zone: z1
            ports: [{name: http, port: 8080, protocol: TCP}]
            """
        ).first(EndpointSlice.self)
        #expect(slice.serviceName == "s")
        #expect(!slice.endpoints[0].isReady)
        #expect(slice.ports[0].number == 8080)
    }

    @Test("a Pod's addresses, ports and readiness are read")
    func pod() throws {
        let pod = try parse(
            kubernetes(
                "Pod",
                """
                spec:
                  serviceAccountName: sa
                  containers:
                  - {name: a, image: i, ports: [{name: http, containerPort: 80}]}
                  - {name: b}
                status:
                  podIP: 10.0.0.9
                  podIPs: [{ip: 10.0.0.9}, {ip: "fd00::9"}]
                  conditions: [{type: Ready, status: "False"}]
                """)
        ).first(Pod.self)
        #expect(pod.ips == ["10.0.0.9", "fd00::9"])
        #expect(!pod.isReady)
        #expect(pod.ports.map(\.number) == [80])
        #expect(pod.serviceAccount == "sa")
    }
}
