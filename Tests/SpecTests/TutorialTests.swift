// What tutorials apply, as they print it: odd indentation, tabs before comments, fields long
// deprecated, and text pasted with what stood before it on the screen.
import Foundation
import Spec
import Testing

@Suite("tutorials")
struct TutorialTests {
    static let v1alpha3 = "apiVersion: networking.istio.io/v1alpha3\n"

    @Test("sequences not indented under their key, and a trailing document separator")
    func destinationRules() throws {
        let one = """
            kind: DestinationRule
            metadata:
              name: productpage
            spec:
              host: productpage
              subsets:
              - name: v1
                labels:
                  version: v1
            ---

            """
        let parsed = parse(
            Self.v1alpha3 + one + Self.v1alpha3 + one.replacing("productpage", with: "reviews"))
        #expect(parsed.complaints.isEmpty)
        #expect(parsed.objects.map(\.name) == ["productpage", "reviews"])
    }

    @Test("hosts indented by four, a list under match, its headers below")
    func headerMatch() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: VirtualService
                metadata:
                  name: reviews
                spec:
                  hosts:
                    - reviews
                  http:
                  - match:
                    - headers:
                        end-user:
                          exact: jason
                    route:
                    - destination:
                        host: reviews
                        subset: v2
                  - route:
                    - destination:
                        host: reviews
                        subset: v1
                """)
        #expect(parsed.complaints.isEmpty)
        let http = try parsed.first(VirtualService.self).http
        #expect(http[0].match[0].headers[0].match == .exact("jason"))
        #expect(http[1].route[0].destination.subset == "v1")
    }

    @Test("indentation by one, label keys with dots and a slash, labels before the name")
    func indentationByOne() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: DestinationRule
                metadata:
                 name: rating
                spec:
                 host: rating    # kubernetes service 的dns域名
                 subsets:
                 - labels:
                     app.kubernetes.io/version: v1.0.0
                   name: version-v1
                 - labels:
                     app.kubernetes.io/version: v2.0.0    #
                   name: version-v2
                """)
        #expect(parsed.complaints.isEmpty)
        let rule = try parsed.first(DestinationRule.self)
        #expect(rule.subsets[0].labels == ["app.kubernetes.io/version": "v1.0.0"])
    }

    @Test("tabs before comments are no tabs in the indentation")
    func tabsBeforeComments() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: VirtualService
                metadata:
                 name: rating
                spec:
                  hosts:
                  - rating
                  http:
                  - match:            \t# 匹配规则
                    - headers:\t\t\t# 请求头
                        end-user:\t\t# end-user=jason用户
                          exact: jason\("  ")
                    route:
                    - destination:
                        host: rating
                        subset: version-v1
                    retries:      \t\t# 重试
                      attempts: 2\t\t# 重试次数
                      perTryTimeout: 5s\t# 超时时间
                      retryOn: 5xx     \t# 在出现5xx错误的时候重试
                """)
        #expect(parsed.complaints.isEmpty)
        let rule = try parsed.first(VirtualService.self).http[0]
        #expect(rule.retries?.attempts == 2)
        #expect(rule.retries?.perTryTimeout == .seconds(5))
        #expect(rule.retries?.retryOn == "5xx")
    }

    @Test("an outlier policy of old: consecutiveErrors is taken with a warning")
    func circuitBreaker() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: DestinationRule
                metadata:
                  name: httpbin
                spec:
                  host: httpbin
                  trafficPolicy:\t# 流量策略
                    connectionPool:
                      tcp:
                        maxConnections: 1
                      http:
                        http1MaxPendingRequests: 1
                        maxRequestsPerConnection: 1
                    outlierDetection:
                      consecutiveErrors: 1
                      interval: 1.000s
                      baseEjectionTime: 3m   \t# ...
                      maxEjectionPercent: 100
                """)
        let finding = try only(parsed)
        #expect(finding.severity == .warning)
        #expect(finding.advice == "use `consecutiveGatewayErrors` or `consecutive5xxErrors`")
        let blocks = try #require(parsed.first(DestinationRule.self).trafficPolicy?.blocks)
        #expect(blocks.outlierDetection?.baseEjectionTime == .seconds(180))
        #expect(blocks.connectionPool?.http?.http1MaxPendingRequests == 1)
    }

    @Test("faults: percentage with a fraction, percent as an integer, half a second")
    func faults() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: VirtualService
                metadata: {name: ratings}
                spec:
                  hosts: [ratings]
                  http:
                  - fault:   # 故障注入
                      delay: # 延迟
                        percentage:
                          value: 100.0
                        fixedDelay: 7s
                    route: [{destination: {host: ratings, subset: v1}}]
                  - match: [{uri: {prefix: /a}}]
                    fault: {abort: {percentage: {value: 100}, httpStatus: 500}}
                    route: [{destination: {host: ratings, subset: v1}}]
                    timeout: 0.5s
                  - fault: {delay: {percent: 100, fixedDelay: 2s}}
                    route: [{destination: {host: ratings, subset: v1}}]
                """)
        #expect(!parsed.hasErrors)
        let http = try parsed.first(VirtualService.self).http
        #expect(http[0].fault?.delay?.percentage == 100)
        #expect(http[0].fault?.delay?.fixedDelay == .seconds(7))
        #expect(http[1].fault?.abort?.httpStatus == 500)
        #expect(http[1].timeout == .milliseconds(500))
        #expect(http[2].fault?.delay?.percentage == 100)
    }

    @Test("flow style: TCP through a gateway port")
    func tcp() throws {
        let parsed = parse(
            """
            apiVersion: networking.istio.io/v1alpha3
            kind: Gateway
            metadata: {name: tcp-echo-gateway}
            spec:
              selector: {istio: ingressgateway}
              servers:
              - port: {number: 31400, name: tcp, protocol: TCP}
                hosts: ["*"]
            ---
            apiVersion: networking.istio.io/v1alpha3
            kind: VirtualService
            metadata:
              name: tcp-echo
            spec:
              hosts: ["*"]
              gateways: [tcp-echo-gateway]
              tcp:
              - match:
                - port: 31400
                route:
                - {destination: {host: tcp-echo, port: {number: 9000}, subset: v1}, weight: 80}
                - {destination: {host: tcp-echo, port: {number: 9000}, subset: v2}, weight: 20}
            """)
        #expect(parsed.complaints.isEmpty)
        #expect(try parsed.first(VirtualService.self).tcp[0].route.map(\.weight) == [80, 20])
    }

    @Test("a ServiceEntry in flow style")
    func serviceEntry() throws {
        let parsed = parse(
            """
            apiVersion: networking.istio.io/v1alpha3
            kind: ServiceEntry
            metadata: {name: external}
            spec:
              hosts: [external.example.com]
              ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: https, protocol: TLS}]
              location: MESH_EXTERNAL
              resolution: STATIC
              endpoints: [{address: 127.0.0.26}]
            """)
        #expect(parsed.complaints.isEmpty)
        #expect(try parsed.first(ServiceEntry.self).endpoints[0].address == "127.0.0.26")
    }

    @Test("policies of JWT: quoted keys' values, odd indentation; skipped and said so")
    func policies() {
        let parsed = parse(
            """
            apiVersion: "security.istio.io/v1beta1"
            kind: "RequestAuthentication"
            metadata:
             name: "bookjwt"
             namespace: default
            spec:
             selector:
               matchLabels:
                 app.kubernetes.io/name: book-service
             jwtRules:
             - issuer: "testing@secure.istio.io"\("  ")
               jwksUri: "https://example.com/jwks.json"
            ---
            apiVersion: security.istio.io/v1beta1
            kind: AuthorizationPolicy    # 认证策略
            metadata:
             name: require-jwt
            spec:
             action: ALLOW
             rules:   # 规则
             - from:
               - source:
                  requestPrincipals: ["testing@secure.istio.io/testing@secure.istio.io"]
               when:
               - key: request.auth.claims[role]
                 values: ["customer"]
            """)
        #expect(parsed.objects.isEmpty)
        #expect(!parsed.hasErrors)
        #expect(
            parsed.diagnostics.map(\.message) == [
                "skipped: RequestAuthentication is not enforced by Isthmus yet",
                "skipped: AuthorizationPolicy is not enforced by Isthmus yet",
            ])
    }

    @Test("two shares to two services, indented by one")
    func weights() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: VirtualService
                metadata:
                 name: web-svc-vs
                spec:
                 hosts:
                 - web-svc
                 http:
                 - route:
                   - destination:
                       host: tomcat-svc
                     weight: 80    # v1 版本权重
                   - destination:
                       host: httpd-svc  # v2 版本权重
                     weight: 20
                """)
        #expect(parsed.complaints.isEmpty)
        #expect(try parsed.first(VirtualService.self).http[0].route.map(\.weight) == [80, 20])
    }

    @Test("the ingress gateway of every tutorial, and the rule behind it")
    func ingress() throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: Gateway
                metadata:
                  name: bookinfo-gateway
                spec:
                  selector:
                    istio: ingressgateway # use istio default controller
                  servers:
                  - port:
                      number: 80
                      name: http
                      protocol: HTTP
                    hosts:
                    - "*"
                ---

                """ + Self.v1alpha3 + """
                    kind: VirtualService
                    metadata:
                      name: httpbin
                    spec:
                      hosts:
                      - "*"
                      gateways:
                      - bookinfo-gateway
                      http:
                      - match:
                        - uri:
                            prefix: /headers
                        - uri:
                            exact: /productpage
                        route:
                        - destination:
                            port:
                              number: 8000
                            host: httpbin
                    """)
        #expect(parsed.complaints.isEmpty)
        #expect(try parsed.first(Gateway.self).servers[0].port.protocolName == .http)
        let rule = try parsed.first(VirtualService.self).http[0]
        #expect(rule.match.map(\.uri) == [.prefix("/headers"), .exact("/productpage")])
        #expect(rule.route[0].destination.port == 8000)
    }

    @Test(
        "mirroring, as it was written before percentages",
        arguments: ["mirror_percent", "mirrorPercent"])
    func mirror(field: String) throws {
        let parsed = parse(
            Self.v1alpha3 + """
                kind: VirtualService
                metadata:
                  name: httpbin
                spec:
                  hosts:
                    - httpbin
                  http:
                  - route:
                    - destination:
                        host: httpbin
                        subset: v1
                      weight: 100
                    mirror:
                      host: httpbin
                      subset: v2
                    \(field): 100
                """)
        let rule = try parsed.first(VirtualService.self).http[0]
        #expect(rule.mirror?.subset == "v2")
        #expect(rule.mirrorPercentage == 100)
        #expect(try only(parsed).severity == .warning)
    }

    // MARK: - What cannot be read

    @Test("a tab in the indentation")
    func tab() throws {
        let parsed = parse(Self.v1alpha3 + "kind: DestinationRule\nmetadata:\n \tname: rating\n")
        let finding = try only(parsed)
        #expect(finding.location?.line == 4)
        #expect(finding.advice.contains("use blanks"))
        #expect(parsed.objects.isEmpty)
    }

    @Test("a mapping that goes back to a column nobody started in")
    func wrongIndentation() throws {
        let finding = try only(
            parse("kind: Service\nspec:\n    selector:\n     app: web\n   ports:\n   - port: 80\n"))
        #expect(finding.location?.line == 5)
        #expect(finding.message == "a key was expected here and this is none")
        #expect(finding.advice.contains("indentation"))
    }

    @Test("name and hosts at the left margin")
    func leftMargin() throws {
        let finding = try only(
            parse(
                Self.v1alpha3
                    + "kind: VirtualService\nmetadata:\nname: reviews\nspec:\nhosts:\n  - reviews\n http:\n"
            ))
        #expect(finding.isError)
        #expect(finding.location?.line == 8)
    }

    @Test("vim's line numbers before each line")
    func lineNumbers() throws {
        let lines = object("VirtualService", "hosts: [a]").split(separator: "\n")
        let text = lines.enumerated().map { "  \($0.offset + 1) \($0.element)" }
            .joined(separator: "\n")
        let parsed = parse(text)
        #expect(parsed.objects.isEmpty)
        #expect(parsed.hasErrors)
        #expect(
            parsed.diagnostics.allSatisfy {
                $0.advice
                    == "the lines start with numbers, as an editor shows them; cut the numbers off"
            }, "\(parsed.complaints)")
    }

    @Test("the shell's `> ` before each line")
    func shellPrompt() throws {
        let lines = object("VirtualService", "hosts: [a]").split(separator: "\n")
        let parsed = parse(lines.map { "> " + $0 }.joined(separator: "\n"))
        #expect(try only(parsed).isError)
        #expect(
            try only(parsed).advice
                == "the lines start with `> `, as a shell shows them; cut that off")
    }

    @Test("a diff's `+` before a line")
    func diff() throws {
        let parsed = parse(
            Self.v1alpha3
                + "kind: DestinationRule\nmetadata:\n+  name: reviews1\nspec:\n  host: a\n")
        #expect(parsed.hasErrors)
        #expect(
            parsed.diagnostics.contains {
                $0.location?.line == 4
                    && $0.advice == "a line starts with `+`, as in a diff; cut that off"
            })
        #expect(parsed.objects.isEmpty)
    }

    @Test("`...` in place of what was cut out")
    func shortened() {
        let parsed = parse(
            Self.v1alpha3
                + "kind: VirtualService\nmetadata:\n  name: a\n  ...\nspec:\n  hosts: [a]\n")
        #expect(parsed.hasErrors)
    }

    @Test("a shell command after the file's text")
    func trailingCommand() throws {
        let parsed = parse(object("VirtualService", "hosts: [a]") + "$ kubectl get pods\n")
        #expect(try only(parsed).isError)
        #expect(parsed.objects.isEmpty)
    }
}
