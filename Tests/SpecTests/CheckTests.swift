// Every rule of checking, by an object that breaks it and, where one rule guards another, one that
// keeps it. The messages are in our words; the rules are Istio's (pkg/config/validation).
import Foundation
import Spec
import Testing

/// An object that breaks one rule.
struct Breach: Sendable, CustomTestStringConvertible {
    let claim: String
    let text: String
    let severity: Diagnostic.Severity
    let path: String
    let message: String

    init(
        _ claim: String, _ text: String, _ path: String, _ message: String,
        _ severity: Diagnostic.Severity = .error
    ) {
        self.claim = claim
        self.text = text
        self.path = path
        self.message = message
        self.severity = severity
    }

    var testDescription: String { claim }
}

/// A Gateway with one server, changed by `edit`.
private func gateway(_ server: String) -> String {
    object("Gateway", "selector: {istio: ingressgateway}\nservers:\n" + server)
}

private func virtualService(_ spec: String) -> String {
    object("VirtualService", spec.contains("hosts:") ? spec : "hosts: [a]\n" + spec)
}

/// A rule to `a` with fields beside `route`.
private func rule(_ fields: String) -> String {
    virtualService("http: [{route: [{destination: {host: a}}], \(fields)}]")
}

private func destinationRule(_ spec: String) -> String {
    object("DestinationRule", "host: a\n" + spec)
}

private func policy(_ policy: String) -> String {
    destinationRule("trafficPolicy: {\(policy)}")
}

private func serviceEntry(_ spec: String) -> String {
    var text = spec
    if !text.contains("hosts:") { text = "hosts: [a.com]\n" + text }
    if !text.contains("ports:") {
        text = "ports: [{number: 80, name: http, protocol: HTTP}]\n" + text
    }
    return object("ServiceEntry", text)
}

@Suite("checking")
struct CheckTests {
    static let http = "port: {number: 80, name: http, protocol: HTTP}"
    static let https = "port: {number: 443, name: https, protocol: HTTPS}"

    static let gateways: [Breach] = [
        Breach(
            "a Gateway needs servers", object("Gateway", "selector: {a: b}"), "spec",
            "a Gateway without servers"),
        Breach(
            "a Gateway's name has no dots",
            object("Gateway", "servers: [{\(http), hosts: ['*']}]", name: "a.b"), "metadata.name",
            "`a.b` is no name for a Gateway"),
        Breach(
            "an object needs a name",
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nspec: {servers: [{\(http), hosts: ['*']}]}",
            "metadata.name", "an object without a name"),
        Breach(
            "an object needs a spec",
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}", "",
            "a Gateway without `spec`"),
        Breach(
            "a server needs hosts", gateway("- \(http.replacing(": {", with: ": {"))"),
            "spec.servers[0]", "a server without hosts"),
        Breach(
            "a port needs a name", gateway("- {port: {number: 80, protocol: HTTP}, hosts: ['*']}"),
            "spec.servers[0].port", "a port without a name"),
        Breach(
            "a port needs a protocol", gateway("- {port: {number: 80, name: a}, hosts: ['*']}"),
            "spec.servers[0].port", "a port without a protocol"),
        Breach(
            "a port needs a number", gateway("- {port: {name: a, protocol: HTTP}, hosts: ['*']}"),
            "spec.servers[0].port", "a port without a number"),
        Breach(
            "a protocol is one of Istio's",
            gateway("- {port: {number: 80, name: a, protocol: HTTTP}, hosts: ['*']}"),
            "spec.servers[0].port.protocol", "`HTTTP` is none of the values"),
        Breach(
            "UDP is not for Gateways",
            gateway("- {port: {number: 80, name: a, protocol: UDP}, hosts: ['*']}"),
            "spec.servers[0].port.protocol", "UDP is not proxied"),
        Breach(
            "a port has no targetPort",
            gateway(
                "- {port: {number: 80, name: a, protocol: HTTP, targetPort: 81}, hosts: ['*']}"),
            "spec.servers[0].port.targetPort", "a Gateway's port has no targetPort"),
        Breach(
            "port names are unique",
            gateway(
                "- {\(http), hosts: ['*']}\n- {port: {number: 81, name: http, protocol: HTTP}, hosts: ['*']}"
            ), "spec.servers[1].port.name", "two servers name their port `http`"),
        Breach(
            "server names should be unique",
            gateway(
                "- {\(http), name: s, hosts: ['*']}\n- {port: {number: 81, name: b, protocol: HTTP}, name: s, hosts: ['*']}"
            ), "spec.servers[1].name", "two servers are called `s`", .warning),
        Breach(
            "a bind is an address", gateway("- {\(http), bind: eth0, hosts: ['*']}"),
            "spec.servers[0].bind", "`eth0` is no IP address and no unix socket"),
        Breach(
            "a unix socket has no port",
            gateway("- {\(http), bind: 'unix:///run/x', hosts: ['*']}"),
            "spec.servers[0].port.number", "a unix socket has no port"),
        Breach(
            "a unix socket's path is absolute",
            gateway(
                "- {port: {number: 0, name: a, protocol: HTTP}, bind: 'unix://x', hosts: ['*']}"),
            "spec.servers[0].bind", "a unix socket needs an absolute path or an abstract name"),
        Breach(
            "a wildcard leads", gateway("- {\(http), hosts: ['foo.*']}"),
            "spec.servers[0].hosts[0]", "`*` can only be the first character of a host"),
        Breach(
            "a wildcard without a dot is odd", gateway("- {\(http), hosts: ['*foo.com']}"),
            "spec.servers[0].hosts[0]", "`*foo.com` matches every name that ends so", .warning),
        Breach(
            "a host's namespace is one", gateway("- {\(http), hosts: ['A_b/foo.com']}"),
            "spec.servers[0].hosts[0]", "`A_b` is no namespace"),
        Breach(
            "HTTPS needs tls", gateway("- {\(https), hosts: ['*']}"), "spec.servers[0]",
            "a server for HTTPS without `tls`"),
        Breach(
            "plain HTTP has no certificate",
            gateway("- {\(http), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a}}"),
            "spec.servers[0].tls", "TLS settings on a server for plain HTTP"),
        Breach(
            "plain TCP has no tls at all",
            gateway(
                "- {port: {number: 1, name: a, protocol: TCP}, hosts: ['*'], tls: {httpsRedirect: true}}"
            ), "spec.servers[0].tls", "TLS settings on a server for TCP"),
        Breach(
            "SIMPLE needs a certificate",
            gateway("- {\(https), hosts: ['*'], tls: {mode: SIMPLE}}"), "spec.servers[0].tls",
            "SIMPLE needs a certificate"),
        Breach(
            "a certificate needs its key",
            gateway("- {\(https), hosts: ['*'], tls: {mode: SIMPLE, serverCertificate: /a}}"),
            "spec.servers[0].tls", "a certificate without its key"),
        Breach(
            "MUTUAL needs to know its clients",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: MUTUAL, serverCertificate: /a, privateKey: /b}}"
            ), "spec.servers[0].tls", "MUTUAL needs to know whose clients to trust"),
        Breach(
            "certificates have one source",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, serverCertificate: /a, privateKey: /b, credentialName: c}}"
            ), "spec.servers[0].tls", "certificates from more than one source"),
        Breach(
            "ISTIO_MUTUAL has no certificates",
            gateway("- {\(https), hosts: ['*'], tls: {mode: ISTIO_MUTUAL, credentialName: a}}"),
            "spec.servers[0].tls", "ISTIO_MUTUAL brings its own certificates"),
        Breach(
            "no mode means passthrough",
            gateway("- {\(https), hosts: ['*'], tls: {credentialName: a}}"), "spec.servers[0].tls",
            "without a `mode` this is PASSTHROUGH, which ignores the certificates", .warning),
        Breach(
            "a redirect is for plain servers",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, httpsRedirect: true}}"
            ), "spec.servers[0].tls.httpsRedirect", "`httpsRedirect` has no effect on a TLS server",
            .warning),
        Breach(
            "a CRL needs files and MUTUAL",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, caCrl: /c}}"),
            "spec.servers[0].tls.caCrl", "`caCrl` does not fit a Secret or mode SIMPLE"),
        Breach(
            "versions are in order",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2}}"
            ), "spec.servers[0].tls.minProtocolVersion", "the lowest version is above the highest"),
        Breach(
            "old TLS needs ciphers",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_0}}"
            ), "spec.servers[0].tls.minProtocolVersion",
            "TLS below 1.2 needs ciphers that are off by default", .warning),
        Breach(
            "unknown ciphers are ignored",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, cipherSuites: [AES128-SH]}}"
            ), "spec.servers[0].tls.cipherSuites[0]",
            "the cipher suite `AES128-SH` is not known; it is ignored", .warning),
        Breach(
            "a key's hash is base64",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, verifyCertificateSpki: [abc]}}"
            ), "spec.servers[0].tls.verifyCertificateSpki[0]", "`abc` is no SHA-256 in base64"),
        Breach(
            "a certificate's hash is hex",
            gateway(
                "- {\(https), hosts: ['*'], tls: {mode: SIMPLE, credentialName: a, verifyCertificateHash: [abc]}}"
            ), "spec.servers[0].tls.verifyCertificateHash[0]", "`abc` is no SHA-256 in hex"),
        Breach(
            "defaultEndpoint does nothing",
            gateway("- {\(http), hosts: ['*'], defaultEndpoint: '127.0.0.1:80'}"),
            "spec.servers[0].defaultEndpoint", "`defaultEndpoint` has no effect, in Istio neither",
            .warning),
    ]

    static let virtualServices: [Breach] = [
        Breach(
            "rules are needed", virtualService("hosts: [a]"), "spec",
            "a VirtualService without rules"),
        Breach(
            "* needs a gateway",
            virtualService("hosts: ['*']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[0]", "`*` cannot be the host of a VirtualService for the mesh"),
        Breach(
            "* and mesh do not go together",
            virtualService(
                "hosts: ['*']\ngateways: [g, mesh]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[0]", "`*` cannot be the host of a VirtualService for the mesh"),
        Breach(
            "hosts are unique",
            virtualService("hosts: [a, b, a]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[2]", "the host `a` is there twice"),
        Breach(
            "hosts are compared in lower case",
            virtualService("hosts: [a, A]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[1]", "the host `a` is there twice"),
        Breach(
            "wildcards do not overlap",
            virtualService(
                "hosts: ['*.com', '*.foo.com']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[1]", "`*.foo.com` and hosts[0] `*.com` overlap"),
        Breach(
            "a host is a name",
            virtualService("hosts: ['a b']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.hosts[0]", "`a b` cannot be part of a host name"),
        Breach(
            "a gateway is a name",
            virtualService("gateways: ['a_b']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.gateways[0]", "`a_b` is no name of a Gateway"),
        Breach(
            "a gateway's namespace is one",
            virtualService("gateways: ['A/b']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.gateways[0]", "`A` is no namespace"),
        Breach(
            "long gateway names are old",
            virtualService(
                "gateways: [g.ns.svc.cluster.local]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.gateways[0]", "`g.ns.svc.cluster.local` is the old way to name a Gateway",
            .warning),
        Breach(
            "a delegate has no gateways",
            object("VirtualService", "gateways: [g]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.gateways",
            "a VirtualService without hosts is a delegate, and a delegate has no gateways"),
        Breach(
            "a delegate has HTTP rules alone",
            object("VirtualService", "tcp: [{route: [{destination: {host: a}}]}]"), "spec.tcp",
            "a VirtualService without hosts is a delegate, and a delegate has rules for HTTP alone"),
        Breach(
            "a delegate cannot delegate", object("VirtualService", "http: [{delegate: {name: b}}]"),
            "spec.http[0].delegate", "a delegate cannot delegate in turn"),
        Breach(
            "exportTo is a namespace",
            virtualService("exportTo: ['a_b']\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.exportTo[0]", "`a_b` is no namespace"),
        Breach(
            "exportTo * stands alone",
            virtualService("exportTo: ['*', b]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.exportTo", "`*` and `~` cannot stand beside other namespaces"),
        Breach(
            "exportTo is unique, by . too",
            virtualService("exportTo: ['.', default]\nhttp: [{route: [{destination: {host: a}}]}]"),
            "spec.exportTo[1]", "`default` is there twice"),
        Breach(
            "a rule does something", virtualService("http: [{name: a}]"), "spec.http[0]",
            "a rule that does nothing"),
        Breach(
            "a rule does one thing", rule("redirect: {uri: /x}"), "spec.http[0].redirect",
            "a rule with route and redirect"),
        Breach(
            "a redirect is not rewritten",
            virtualService("http: [{redirect: {uri: /x}, rewrite: {uri: /y}}]"),
            "spec.http[0].rewrite", "`rewrite` beside `redirect`"),
        Breach(
            "an answer has no faults",
            virtualService(
                "http: [{directResponse: {status: 200}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}}]"
            ), "spec.http[0].fault", "`fault` beside `directResponse`"),
        Breach(
            "weights are not negative",
            virtualService("http: [{route: [{destination: {host: a}, weight: -1}]}]"),
            "spec.http[0].route[0].weight", "a weight of -1"),
        Breach(
            "some weight is above zero",
            virtualService("http: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]"),
            "spec.http[0].route", "the weights of all destinations are 0"),
        Breach(
            "a destination has a host",
            virtualService("http: [{route: [{destination: {subset: v1}}]}]"),
            "spec.http[0].route[0].destination", "a destination without `host`"),
        Breach(
            "a destination is one", virtualService("http: [{route: [{destination: {host: '*'}}]}]"),
            "spec.http[0].route[0].destination.host", "`*` is no destination"),
        Breach(
            "a subset is a label",
            virtualService("http: [{route: [{destination: {host: a, subset: V_1}}]}]"),
            "spec.http[0].route[0].destination.subset", "`V_1` is no name for a subset"),
        Breach(
            "a delegate is named", virtualService("http: [{delegate: {namespace: b}}]"),
            "spec.http[0].delegate", "a delegate without a name"),
        Breach(
            "a path starts with a slash", rule("match: [{uri: {prefix: api}}]"),
            "spec.http[0].match[0].uri.prefix", "`api` never matches: every path starts with `/`",
            .warning),
        Breach(
            "methods are in capitals", rule("match: [{method: {exact: get}}]"),
            "spec.http[0].match[0].method.exact",
            "methods are compared as they are sent, in capitals", .warning),
        Breach(
            "a prefix is not empty", rule("match: [{headers: {a: {prefix: \"\"}}}]"),
            "spec.http[0].match[0].headers.a.prefix", "an empty prefix"),
        Breach(
            "a regex is not endless",
            rule("match: [{uri: {regex: '\(String(repeating: "a", count: 1025))'}}]"),
            "spec.http[0].match[0].uri.regex", "a regex of 1025 characters, more than 1024"),
        Breach(
            "a header's name is a token", rule("match: [{headers: {'a b': {exact: x}}}]"),
            "spec.http[0].match[0].headers[a b]", "`a b` cannot be the name of a header"),
        Breach(
            "a match's gateways are names", rule("match: [{gateways: ['a_b']}]"),
            "spec.http[0].match[0].gateways[0]", "`a_b` is no name of a Gateway"),
        Breach(
            "a redirect leads elsewhere", virtualService("http: [{redirect: {redirectCode: 302}}]"),
            "spec.http[0].redirect", "a redirect to the same place"),
        Breach(
            "a redirect is a redirect",
            virtualService("http: [{redirect: {uri: /x, redirectCode: 200}}]"),
            "spec.http[0].redirect.redirectCode", "200 is no redirect"),
        Breach(
            "a redirect's scheme is http(s)", virtualService("http: [{redirect: {scheme: ftp}}]"),
            "spec.http[0].redirect.scheme", "`ftp` is no scheme for a redirect"),
        Breach(
            "a redirect's port has one source",
            virtualService("http: [{redirect: {port: 80, derivePort: FROM_REQUEST_PORT}}]"),
            "spec.http[0].redirect.derivePort", "both `port` and `derivePort`"),
        Breach(
            "prefixRewrite needs a prefix",
            virtualService("http: [{match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /x}}]"),
            "spec.http[0].redirect.prefixRewrite", "`prefixRewrite` without a prefix to rewrite"),
        Breach(
            "an answer's status is one", virtualService("http: [{directResponse: {status: 99}}]"),
            "spec.http[0].directResponse.status", "99 is no status for an answer"),
        Breach(
            "a large answer is a warning",
            virtualService(
                "http: [{directResponse: {status: 200, body: {string: \(String(repeating: "a", count: 110_000))}}}]"
            ), "spec.http[0].directResponse.body", "a body of 110000 bytes lives in memory",
            .warning),
        Breach(
            "a huge answer is refused",
            virtualService(
                "http: [{directResponse: {status: 200, body: {string: \(String(repeating: "a", count: 1_100_000))}}}]"
            ), "spec.http[0].directResponse.body", "a body of 1100000 bytes"),
        Breach(
            "a rewrite rewrites", rule("rewrite: {}"), "spec.http[0].rewrite",
            "a rewrite that changes nothing"),
        Breach(
            "a rewrite has one way",
            rule("rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}"),
            "spec.http[0].rewrite.uriRegexRewrite", "both `uri` and `uriRegexRewrite`"),
        Breach(
            "a regex rewrite is whole", rule("rewrite: {uriRegexRewrite: {match: a}}"),
            "spec.http[0].rewrite.uriRegexRewrite", "`match` and `rewrite` belong together"),
        Breach(
            "the host is set once",
            rule("rewrite: {authority: b}, headers: {request: {set: {Host: c}}}"),
            "spec.http[0].rewrite.authority", "both `rewrite.authority` and `headers` set the host"),
        Breach(
            "pseudo headers stay", rule("headers: {request: {set: {':path': /x}}}"),
            "spec.http[0].headers.request.set[:path]", "the header `:path` cannot be changed here"),
        Breach(
            "host is not removed", rule("headers: {request: {remove: [host]}}"),
            "spec.http[0].headers.request.remove[0]", "the header `host` cannot be changed here"),
        Breach(
            "a response has no host", rule("headers: {response: {set: {host: a}}}"),
            "spec.http[0].headers.response.set.host", "the header `host` cannot be changed here"),
        Breach(
            "a percent sign is doubled", rule("headers: {request: {set: {a: '100%'}}}"),
            "spec.http[0].headers.request.set.a", "a `%` that starts no operator"),
        Breach(
            "a header cannot break the line",
            rule("headers: {request: {set: {a: \"x\\r\\nb: y\"}}}"),
            "spec.http[0].headers.request.set.a",
            "a line break or control character in a header's value"),
        Breach(
            "retries need attempts", rule("retries: {perTryTimeout: 1s}"), "spec.http[0].retries",
            "retries are off without `attempts`, and more is said about them"),
        Breach(
            "attempts are not negative", rule("retries: {attempts: -1}"),
            "spec.http[0].retries.attempts", "-1 attempts"),
        Breach(
            "a retry condition is known", rule("retries: {attempts: 1, retryOn: 'gateway-eror'}"),
            "spec.http[0].retries.retryOn", "`gateway-eror` is no condition for a retry"),
        Breach(
            "retry conditions have no blanks",
            rule("retries: {attempts: 1, retryOn: '5xx, reset'}"), "spec.http[0].retries.retryOn",
            "` reset` has blanks, which Istio's validation refuses", .warning),
        Breach(
            "a fault is one", rule("fault: {}"), "spec.http[0].fault",
            "a fault without `delay` and `abort`"),
        Breach(
            "a delay is one", rule("fault: {delay: {percentage: {value: 1}}}"),
            "spec.http[0].fault.delay", "a delay without `fixedDelay`"),
        Breach(
            "a delay of zero is none",
            rule("fault: {delay: {fixedDelay: 0s, percentage: {value: 1}}}"),
            "spec.http[0].fault.delay.fixedDelay", "a duration of zero"),
        Breach(
            "a delay needs a share", rule("fault: {delay: {fixedDelay: 1s}}"),
            "spec.http[0].fault.delay", "a delay without `percentage` delays nothing", .warning),
        Breach(
            "percent is deprecated", rule("fault: {delay: {fixedDelay: 1s, percent: 5}}"),
            "spec.http[0].fault.delay.percent", "`percent` is deprecated", .warning),
        Breach(
            "an abort is one", rule("fault: {abort: {percentage: {value: 1}}}"),
            "spec.http[0].fault.abort", "an abort without `httpStatus`"),
        Breach(
            "an abort has one way",
            rule(
                "fault: {abort: {httpStatus: 500, grpcStatus: UNAVAILABLE, percentage: {value: 1}}}"
            ), "spec.http[0].fault.abort", "an abort in more than one way"),
        Breach(
            "an abort's status is one",
            rule("fault: {abort: {httpStatus: 600, percentage: {value: 1}}}"),
            "spec.http[0].fault.abort.httpStatus", "600 is no status for an answer"),
        Breach(
            "an abort's gRPC status is one",
            rule("fault: {abort: {grpcStatus: UNAVAILABL, percentage: {value: 1}}}"),
            "spec.http[0].fault.abort.grpcStatus", "`UNAVAILABL` is no gRPC status"),
        Breach(
            "http2Error is not there",
            rule("fault: {abort: {http2Error: x, percentage: {value: 1}}}"),
            "spec.http[0].fault.abort.http2Error",
            "`http2Error` is not implemented, by Istio neither"),
        Breach(
            "mirror or mirrors", rule("mirror: {host: b}, mirrors: [{destination: {host: c}}]"),
            "spec.http[0].mirrors", "both `mirror` and `mirrors`"),
        Breach(
            "a mirror has a host", rule("mirror: {subset: b}"), "spec.http[0].mirror",
            "a destination without `host`"),
        Breach(
            "a CORS method is one", rule("corsPolicy: {allowMethods: [get]}"),
            "spec.http[0].corsPolicy.allowMethods[0]", "`get` is no method"),
        Breach(
            "a CORS header is one", rule("corsPolicy: {allowHeaders: ['a b']}"),
            "spec.http[0].corsPolicy.allowHeaders[0]", "`a b` cannot be the name of a header"),
        Breach(
            "maxAge is whole seconds", rule("corsPolicy: {maxAge: 1.5s}"),
            "spec.http[0].corsPolicy.maxAge", "`maxAge` is counted in whole seconds"),
        Breach(
            "allowOrigin is deprecated", rule("corsPolicy: {allowOrigin: ['*']}"),
            "spec.http[0].corsPolicy.allowOrigin", "`allowOrigin` is deprecated", .warning),
        Breach(
            "a tcp rule leads somewhere", virtualService("tcp: [{match: [{port: 1}]}]"),
            "spec.tcp[0]", "a rule without `route`"),
        Breach(
            "a subnet is one",
            virtualService(
                "tcp: [{match: [{destinationSubnets: [a]}], route: [{destination: {host: a}}]}]"),
            "spec.tcp[0].match[0].destinationSubnets[0]",
            "`a` is no address and no block of addresses"),
        Breach(
            "tcp weights count too",
            virtualService("tcp: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]"),
            "spec.tcp[0].route", "the weights of all destinations are 0"),
        Breach(
            "a tls rule needs a match",
            virtualService("tls: [{route: [{destination: {host: a}}]}]"), "spec.tls[0]",
            "a rule for TLS without `match`"),
        Breach(
            "a tls match needs names",
            virtualService("tls: [{match: [{port: 1}], route: [{destination: {host: a}}]}]"),
            "spec.tls[0].match[0]", "a match without `sniHosts`"),
        Breach(
            "server names lie within the hosts",
            virtualService(
                "hosts: ['*.a.com']\ntls: [{match: [{sniHosts: [b.com]}], route: [{destination: {host: a}}]}]"
            ), "spec.tls[0].match[0].sniHosts[0]",
            "`b.com` is outside of the VirtualService's hosts"),
    ]

    static let destinationRules: [Breach] = [
        Breach(
            "a host is needed", object("DestinationRule", "subsets: []"), "spec",
            "a DestinationRule without `host`"),
        Breach(
            "a host is a name", object("DestinationRule", "host: 'a b'"), "spec.host",
            "`a b` cannot be part of a host name"),
        Breach(
            "exportTo is not nobody", destinationRule("exportTo: ['~']"), "spec.exportTo[0]",
            "`~` exports to nobody, which a DestinationRule cannot"),
        Breach(
            "a policy says something", destinationRule("trafficPolicy: {}"), "spec.trafficPolicy",
            "a trafficPolicy that says nothing"),
        Breach(
            "a subset has a name", destinationRule("subsets: [{labels: {a: b}}]"),
            "spec.subsets[0]", "a subset without a name"),
        Breach(
            "a subset's name is a label", destinationRule("subsets: [{name: V1}]"),
            "spec.subsets[0].name", "`V1` is no name for a subset"),
        Breach(
            "subsets are unique", destinationRule("subsets: [{name: v1}, {name: v1}]"),
            "spec.subsets[1].name", "the subset `v1` is there twice; the first holds", .warning),
        Breach(
            "labels hold no star", destinationRule("subsets: [{name: v1, labels: {a: 'b*'}}]"),
            "spec.subsets[0].labels.a", "a label cannot hold `*`"),
        Breach(
            "a port's settings have a port",
            policy("portLevelSettings: [{loadBalancer: {simple: RANDOM}}]"),
            "spec.trafficPolicy.portLevelSettings[0]", "settings without a port"),
        Breach(
            "a port's settings say something", policy("portLevelSettings: [{port: {number: 80}}]"),
            "spec.trafficPolicy.portLevelSettings[0]", "settings of a port that say nothing"),
        Breach(
            "a balancing is known", policy("loadBalancer: {simple: ROUND_ROBBIN}"),
            "spec.trafficPolicy.loadBalancer.simple", "`ROUND_ROBBIN` is none of the values"),
        Breach(
            "LEAST_CONN is deprecated", policy("loadBalancer: {simple: LEAST_CONN}"),
            "spec.trafficPolicy.loadBalancer.simple", "`LEAST_CONN` is deprecated", .warning),
        Breach(
            "simple or a hash",
            policy("loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}"),
            "spec.trafficPolicy.loadBalancer.consistentHash", "both `simple` and `consistentHash`"),
        Breach(
            "a hash has a key",
            policy("loadBalancer: {consistentHash: {ringHash: {minimumRingSize: 10}}}"),
            "spec.trafficPolicy.loadBalancer.consistentHash", "nothing to hash"),
        Breach(
            "a hash has one key",
            policy("loadBalancer: {consistentHash: {useSourceIp: true, httpHeaderName: a}}"),
            "spec.trafficPolicy.loadBalancer.consistentHash.httpHeaderName",
            "more than one key to hash"),
        Breach(
            "a table's size is prime",
            policy("loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 100}}}"),
            "spec.trafficPolicy.loadBalancer.consistentHash.maglev.tableSize",
            "100 is no size for a table"),
        Breach(
            "a table's size is not zero",
            policy("loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 0}}}"),
            "spec.trafficPolicy.loadBalancer.consistentHash.maglev.tableSize",
            "0 is no size for a table"),
        Breach(
            "shares add up to 100",
            policy(
                "loadBalancer: {localityLbSetting: {distribute: [{from: a/*, to: {b: 60, c: 30}}]}}"
            ), "spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to",
            "the shares add up to 90"),
        Breach(
            "one way of locality",
            policy(
                "loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}], failoverPriority: [x]}}"
            ), "spec.trafficPolicy.loadBalancer.localityLbSetting",
            "more than one of distribute, failover and failoverPriority"),
        Breach(
            "a failover leads elsewhere",
            policy("loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}"),
            "spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0]",
            "a failover from `a` to itself"),
        Breach(
            "a failover is between regions",
            policy("loadBalancer: {localityLbSetting: {failover: [{from: a/b, to: c}]}}"),
            "spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0].from",
            "`a/b` is more than a region"),
        Breach(
            "warm-up needs a duration", policy("loadBalancer: {warmup: {aggression: 1}}"),
            "spec.trafficPolicy.loadBalancer.warmup", "a warm-up without `duration`"),
        Breach(
            "warm-up does not fit RANDOM",
            policy("loadBalancer: {simple: RANDOM, warmup: {duration: 1s}}"),
            "spec.trafficPolicy.loadBalancer.warmup",
            "warm-up works with ROUND_ROBIN and LEAST_REQUEST alone"),
        Breach(
            "a pool says something", policy("connectionPool: {}"),
            "spec.trafficPolicy.connectionPool", "a connectionPool that says nothing"),
        Breach(
            "limits are not negative", policy("connectionPool: {tcp: {maxConnections: -1}}"),
            "spec.trafficPolicy.connectionPool.tcp.maxConnections", "a negative maxConnections"),
        Breach(
            "connecting takes time", policy("connectionPool: {tcp: {connectTimeout: 0s}}"),
            "spec.trafficPolicy.connectionPool.tcp.connectTimeout", "a duration of zero"),
        Breach(
            "pings need both times",
            policy("connectionPool: {http: {http2KeepAlive: {interval: 1s}}}"),
            "spec.trafficPolicy.connectionPool.http.http2KeepAlive",
            "`interval` and `timeout` belong together"),
        Breach(
            "upgrade or the client's protocol",
            policy("connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}"),
            "spec.trafficPolicy.connectionPool.http.useClientProtocol",
            "`useClientProtocol` beside `h2UpgradePolicy: UPGRADE`"),
        Breach(
            "consecutiveErrors is of old", policy("outlierDetection: {consecutiveErrors: 1}"),
            "spec.trafficPolicy.outlierDetection.consecutiveErrors",
            "`consecutiveErrors` is deprecated: it counts gateway errors (502, 503, 504), "
                + "where Istio ignores it since 1.7", .warning),
        Breach(
            "a percentage ends at 100", policy("outlierDetection: {maxEjectionPercent: 101}"),
            "spec.trafficPolicy.outlierDetection.maxEjectionPercent", "101 is no percentage"),
        Breach(
            "local failures need the split",
            policy("outlierDetection: {consecutiveLocalOriginFailures: 3}"),
            "spec.trafficPolicy.outlierDetection.consecutiveLocalOriginFailures",
            "`consecutiveLocalOriginFailures` counts only when errors are split"),
        Breach(
            "an error code is a status",
            policy("outlierDetection: {outlierDetectionHttpErrorCodes: [600]}"),
            "spec.trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes[0]",
            "600 is no status"),
        Breach(
            "MUTUAL needs a certificate", policy("tls: {mode: MUTUAL}"), "spec.trafficPolicy.tls",
            "MUTUAL needs a certificate of the client"),
        Breach(
            "ISTIO_MUTUAL has none", policy("tls: {mode: ISTIO_MUTUAL, caCertificates: /a}"),
            "spec.trafficPolicy.tls", "ISTIO_MUTUAL brings its own certificates"),
        Breach(
            "skip or verify",
            policy("tls: {mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}"),
            "spec.trafficPolicy.tls.insecureSkipVerify",
            "`insecureSkipVerify` beside what is to be verified"),
        Breach(
            "tunnel or proxyProtocol",
            policy("tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {version: V1}"),
            "spec.trafficPolicy.tunnel", "both `tunnel` and `proxyProtocol`"),
        Breach(
            "a tunnel is CONNECT or POST",
            policy("tunnel: {protocol: GET, targetHost: a, targetPort: 1}"),
            "spec.trafficPolicy.tunnel.protocol", "`GET` is no way to tunnel"),
        Breach(
            "a selector selects", destinationRule("workloadSelector: {labels: {}}"),
            "spec.workloadSelector", "a workloadSelector without labels"),
        Breach(
            "a selector keeps it at home",
            destinationRule("workloadSelector: {labels: {a: b}}\nexportTo: ['*']"), "spec.exportTo",
            "a DestinationRule with a workloadSelector stays in its namespace"),
    ]

    static let serviceEntries: [Breach] = [
        Breach(
            "hosts are needed",
            object("ServiceEntry", "ports: [{number: 80, name: a, protocol: HTTP}]"), "spec",
            "a ServiceEntry without `hosts`"),
        Breach(
            "* is no host", serviceEntry("hosts: ['*']"), "spec.hosts[0]",
            "`*` cannot be the host of a ServiceEntry"),
        Breach(
            "ports are needed", object("ServiceEntry", "hosts: [a.com]"), "spec",
            "a ServiceEntry without `ports`"),
        Breach(
            "a port has a name", serviceEntry("ports: [{number: 80, protocol: HTTP}]"),
            "spec.ports[0]", "a port without a name"),
        Breach(
            "port numbers are unique",
            serviceEntry("ports: [{number: 80, name: a}, {number: 80, name: b}]"),
            "spec.ports[1].number", "port 80 is there twice"),
        Breach(
            "port names are unique",
            serviceEntry("ports: [{number: 80, name: a}, {number: 81, name: a}]"),
            "spec.ports[1].name", "the port name `a` is there twice"),
        Breach(
            "an address is one", serviceEntry("addresses: [a.com]"), "spec.addresses[0]",
            "`a.com` is no address and no block of addresses"),
        Breach(
            "blocks need NONE or STATIC", serviceEntry("resolution: DNS\naddresses: [10.0.0.0/8]"),
            "spec.addresses[0]", "a block of addresses with resolution DNS"),
        Breach(
            "endpoints or a selector",
            serviceEntry(
                "resolution: STATIC\nendpoints: [{address: 1.1.1.1}]\nworkloadSelector: {labels: {a: b}}"
            ), "spec.workloadSelector", "both `endpoints` and `workloadSelector`"),
        Breach(
            "NONE has no endpoints", serviceEntry("endpoints: [{address: 1.1.1.1}]"),
            "spec.endpoints",
            "resolution NONE sends connections where they were going, and there are `endpoints`"),
        Breach(
            "STATIC without endpoints is odd", serviceEntry("resolution: STATIC"), "spec",
            "resolution STATIC without endpoints: nobody answers", .warning),
        Breach(
            "STATIC has addresses",
            serviceEntry("resolution: STATIC\nendpoints: [{address: b.com}]"),
            "spec.endpoints[0].address", "`b.com` is a name, and resolution is STATIC"),
        Breach(
            "DNS resolves no wildcard", serviceEntry("hosts: ['*.a.com']\nresolution: DNS"),
            "spec.hosts", "DNS cannot resolve a wildcard"),
        Breach(
            "round robin has one endpoint",
            serviceEntry("resolution: DNS_ROUND_ROBIN\nendpoints: [{address: a}, {address: b}]"),
            "spec.endpoints", "DNS_ROUND_ROBIN takes a single endpoint"),
        Breach(
            "dynamic DNS takes wildcards", serviceEntry("resolution: DYNAMIC_DNS"), "spec.hosts[0]",
            "DYNAMIC_DNS takes wildcards, and `a.com` is none"),
        Breach(
            "dynamic DNS has no addresses",
            serviceEntry("hosts: ['*.a.com']\nresolution: DYNAMIC_DNS\naddresses: [1.1.1.1]"),
            "spec", "DYNAMIC_DNS finds its addresses by itself"),
        Breach(
            "dynamic DNS needs a name",
            serviceEntry(
                "hosts: ['*.a.com']\nresolution: DYNAMIC_DNS\nports: [{number: 1, name: a, protocol: TCP}]"
            ), "spec.ports[0].protocol", "DYNAMIC_DNS needs a host name in the traffic"),
        Breach(
            "TCP has one host",
            serviceEntry(
                "hosts: [a.com, b.com]\nresolution: DNS\nports: [{number: 1, name: a, protocol: TCP}]"
            ), "spec.hosts", "several hosts share a port for plain TCP"),
        Breach(
            "a unix socket is STATIC",
            serviceEntry("resolution: DNS\nendpoints: [{address: 'unix:///a'}]"),
            "spec.endpoints[0].address", "a unix socket needs resolution STATIC"),
        Breach(
            "a unix socket serves one port",
            serviceEntry(
                "resolution: STATIC\nports: [{number: 1, name: a}, {number: 2, name: b}]\nendpoints: [{address: 'unix:///a'}]"
            ), "spec.endpoints[0].address", "a unix socket serves one port, and there are 2"),
        Breach(
            "an endpoint's port is the entry's",
            serviceEntry("resolution: STATIC\nendpoints: [{address: 1.1.1.1, ports: {htp: 80}}]"),
            "spec.endpoints[0].ports.htp", "the ServiceEntry has no port named `htp`"),
        Breach(
            "an endpoint has an address",
            serviceEntry("resolution: STATIC\nendpoints: [{labels: {a: b}}]"), "spec.endpoints[0]",
            "an endpoint without `address`"),
        Breach(
            "a workload has an address", object("WorkloadEntry", "labels: {a: b}"), "spec",
            "an endpoint without `address`"),
        Breach(
            "an address is no block", object("WorkloadEntry", "address: 10.0.0.0/8"),
            "spec.address", "`10.0.0.0/8` is a block of addresses"),
        Breach(
            "a unix path is absolute", object("WorkloadEntry", "address: 'unix://a'"),
            "spec.address", "a unix socket needs an absolute path or an abstract name"),
        Breach(
            "a unix path is a file", object("WorkloadEntry", "address: 'unix:///a/'"),
            "spec.address", "a unix socket without a name"),
        Breach(
            "a unix socket has no ports",
            object("WorkloadEntry", "address: 'unix:///a'\nports: {a: 1}"), "spec.ports",
            "a unix socket has no ports"),
    ]

    static let kubernetesKinds: [Breach] = [
        Breach(
            "a Service has ports", kubernetes("Service", "spec: {selector: {a: b}}"), "spec",
            "a Service without `ports`"),
        Breach(
            "a port has a number", kubernetes("Service", "spec: {ports: [{name: a}]}"),
            "spec.ports[0]", "a port without a number"),
        Breach(
            "several ports have names",
            kubernetes("Service", "spec: {ports: [{port: 80}, {port: 81, name: b}]}"),
            "spec.ports[0]", "a port without a name beside others"),
        Breach(
            "port names are unique",
            kubernetes("Service", "spec: {ports: [{port: 80, name: b}, {port: 81, name: b}]}"),
            "spec.ports[1].name", "the port name `b` is there twice"),
        Breach(
            "ports are unique",
            kubernetes("Service", "spec: {ports: [{port: 80, name: a}, {port: 80, name: b}]}"),
            "spec.ports[1].port", "port 80/TCP is there twice"),
        Breach(
            "ExternalName has one", kubernetes("Service", "spec: {type: ExternalName}"), "spec",
            "a Service of type ExternalName without `externalName`"),
        Breach(
            "Endpoints have addresses",
            kubernetes("Endpoints", "subsets: [{addresses: [{ip: a}]}]"),
            "subsets[0].addresses[0].ip", "`a` is no IP address"),
        Breach(
            "slices fit their type",
            kubernetes(
                "EndpointSlice", "addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]",
                apiVersion: "discovery.k8s.io/v1"), "endpoints[0].addresses[0]",
            "`10.0.0.1` is no address of type IPv6"),
        Breach(
            "slices name their Service",
            kubernetes(
                "EndpointSlice", "endpoints: [{addresses: [10.0.0.1]}]",
                apiVersion: "discovery.k8s.io/v1"), "metadata.labels",
            "an EndpointSlice without the label kubernetes.io/service-name belongs to no Service",
            .warning),
        Breach(
            "a Pod's address is one", kubernetes("Pod", "spec: {}\nstatus: {podIPs: [{ip: a}]}"),
            "status.podIPs[0]", "`a` is no IP address"),
    ]

    @Test("a breach of Gateway's rules is found at its field", arguments: gateways)
    func gatewayBreach(breach: Breach) { verify(breach) }

    @Test("a breach of VirtualService's rules is found at its field", arguments: virtualServices)
    func virtualServiceBreach(breach: Breach) { verify(breach) }

    @Test("a breach of DestinationRule's rules is found at its field", arguments: destinationRules)
    func destinationRuleBreach(breach: Breach) { verify(breach) }

    @Test("a breach of ServiceEntry's rules is found at its field", arguments: serviceEntries)
    func serviceEntryBreach(breach: Breach) { verify(breach) }

    @Test("a breach of Kubernetes' rules is found at its field", arguments: kubernetesKinds)
    func kubernetesKindBreach(breach: Breach) { verify(breach) }

    private func verify(_ breach: Breach) {
        let parsed = parse(breach.text)
        let finding = parsed.diagnostics.first { $0.message == breach.message }
        #expect(finding != nil, "\(parsed.complaints)")
        #expect(finding?.severity == breach.severity)
        #expect(finding?.fieldPath == breach.path)
        #expect(finding?.location?.line ?? 0 > 0)
        #expect(parsed.objects.isEmpty == (breach.severity == .error))
        #expect(parsed.hasErrors == (breach.severity == .error))
    }

    @Test(
        "what keeps the rules is taken without a word",
        arguments: [
            gateway1, gateway2, delegateRoot, delegate, headers, httpsRedirect, overlap, l4,
            emptyPrefix, presence, unixEntry, staticEntry, externalName, redirects,
        ])
    func taken(text: String) {
        let parsed = parse(text)
        #expect(parsed.complaints.isEmpty)
        #expect(parsed.objects.count == 1)
    }

    static let gateway1 = object(
        "Gateway",
        "servers:\n- {\(http), hosts: ['*', './a.com', 'ns/*.b.com', '*/c.com', 'ns/*']}\n"
            + "- {port: {number: 31400, name: tcp, protocol: TCP}, hosts: ['*']}")
    static let gateway2 = object(
        "Gateway",
        "servers: [{port: {number: 0, name: a, protocol: grpc-web}, bind: 'unix://@x', hosts: [a]}]"
    )
    static let delegateRoot = object(
        "VirtualService",
        "hosts: [a]\nhttp: [{match: [{uri: {prefix: /x}}], delegate: {name: b, namespace: c}}]")
    static let delegate = object("VirtualService", "http: [{route: [{destination: {host: a}}]}]")
    static let headers = object(
        "VirtualService",
        "hosts: [a]\nhttp: [{route: [{destination: {host: a}, headers: {request: {set: {Host: b, "
            + "x: '%DOWNSTREAM_REMOTE_ADDRESS% is 100%%', z: '%REQ(:path):5%'}, add: "
            + "{':authority': c}, remove: [w]}}}]}]")
    static let httpsRedirect = object(
        "Gateway", "servers: [{\(http), hosts: ['*'], tls: {httpsRedirect: true}}]")
    static let overlap = object(
        "VirtualService",
        "hosts: ['*.foo.com', foo.com, 10.1.2.3]\nhttp: [{route: [{destination: {host: a}}]}]")
    static let l4 = object(
        "VirtualService",
        "hosts: ['*']\ngateways: [g]\ntcp: [{match: [{port: 1, destinationSubnets: [10.0.0.0/8]}], "
            + "route: [{destination: {host: a}, weight: 80}, {destination: {host: b}, weight: 0}]}]"
    )
    static let emptyPrefix = object(
        "VirtualService",
        "hosts: [a]\nhttp: [{match: [{uri: {prefix: \"\"}}], route: [{destination: {host: a}}]}]")
    static let presence = object(
        "VirtualService",
        "hosts: [a]\nhttp: [{match: [{headers: {a: {}, ':path': {exact: x}, b: {regex: '*'}, "
            + "'@request.auth.claims[a][b]': {exact: x}}, withoutHeaders: {c: {}}, "
            + "queryParams: {d: {exact: \"\"}}}], route: [{destination: {host: a}}]}]")
    static let unixEntry = object(
        "ServiceEntry",
        "hosts: [a.com]\nports: [{number: 80, name: a, protocol: http}]\nresolution: STATIC\n"
            + "endpoints: [{address: 'unix:///run/a'}]")
    static let staticEntry = object(
        "ServiceEntry",
        "hosts: [a.com]\nports: [{number: 80, name: a, protocol: HTTP, targetPort: 8080}]\n"
            + "resolution: STATIC\nendpoints: [{address: 1.2.3.4, ports: {a: 81}, weight: 3, "
            + "locality: r/z, labels: {v: a}}]")
    static let externalName = kubernetes("Service", "spec: {type: ExternalName, externalName: a.b}")
    static let redirects = object(
        "VirtualService",
        "hosts: [a]\nhttp: [{match: [{uri: {prefix: /a}}], redirect: {prefixRewrite: /b, "
            + "redirectCode: 308, derivePort: FROM_REQUEST_PORT, scheme: https}}]")
}
