// Istio's arithmetic of host names, gateway names, visibility and near misses.
import Spec
import Testing

@testable import Mesh

@Suite struct HostNameTests {
    @Test(
        "one host lies within another",
        arguments: [
            ("a.com", "a.com", true), ("a.com", "b.com", false), ("a.b.com", "*.b.com", true),
            ("x.a.b.com", "*.b.com", true), ("b.com", "*.b.com", false), ("a.com", "*", true),
            ("*.b.com", "*", true), ("*.a.b.com", "*.b.com", true), ("*.b.com", "*.a.b.com", false),
            ("*.b.com", "*.b.com", true), ("*", "*", true), ("*", "*.com", false),
            ("*.b.com", "a.b.com", false), ("xb.com", "*b.com", true),
        ])
    func within(_ inner: String, _ outer: String, _ expected: Bool) {
        #expect(HostName.isWithin(inner, outer) == expected)
    }

    @Test("exact names come before wildcards and longer before shorter")
    func order() {
        let sorted = ["*", "*.com", "a.com", "*.a.com", "b.com", "aa.com"]
            .sorted(by: HostName.precedes)
        #expect(sorted == ["aa.com", "a.com", "b.com", "*.a.com", "*.com", "*"])
    }

    @Test(
        "only a name without a dot is short for a service",
        arguments: [
            ("reviews", "reviews.foo.svc.cluster.local"), ("reviews.bar", "reviews.bar"),
            ("Reviews", "reviews.foo.svc.cluster.local"), ("a.b.com", "a.b.com"), ("*", "*"),
            ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("", ""),
        ])
    func shortNames(_ name: String, _ full: String) {
        let result = HostName.fullyQualified(name, namespace: "foo", domain: "cluster.local")
        #expect(result == full)
    }

    @Test(
        "a VirtualService names Gateways in five ways",
        arguments: [
            ("gw", "foo/gw"), ("./gw", "foo/gw"), ("bar/gw", "bar/gw"), ("mesh", "mesh"),
            ("gw.bar.svc.cluster.local", "bar/gw"), ("gw.bar", "bar/gw"),
        ])
    func gatewayNames(_ written: String, _ resolved: String) {
        #expect(GatewayName.resolve(written, namespace: "foo") == resolved)
    }

    @Test(
        "the hosts of a server and of a VirtualService meet at the more specific",
        arguments: [
            (["*"], ["a.com"], ["a.com"]), (["*.com"], ["a.com", "b.org"], ["a.com"]),
            (["1.foo.com"], ["*.foo.com"], ["1.foo.com"]), (["*.foo.com"], ["foo.com"], []),
            (["*.foo.com"], ["*.foo.com"], ["*.foo.com"]), (["*.a.com"], ["*"], ["*.a.com"]),
            (["a.com", "*.b.com"], ["*"], ["a.com", "*.b.com"]), (["A.com"], ["a.com"], ["a.com"]),
            (["*.com", "a.x.com"], ["*.x.com"], ["*.x.com", "a.x.com"]), (["b.com"], ["a.com"], []),
            (["a.com", "a.com"], ["a.com"], ["a.com"]),
        ] as [([String], [String], [String])])
    func intersection(_ server: [String], _ service: [String], _ expected: [String]) {
        let hosts = ServerHosts(server, namespace: "gw")
        #expect(hosts.intersection(with: service, namespace: "foo") == expected)
    }

    @Test(
        "namespaces before a server's host decide which VirtualServices may bind",
        arguments: [
            ("foo/a.com", "foo", true), ("foo/a.com", "bar", false), ("./a.com", "gw", true),
            ("./a.com", "foo", false), ("*/a.com", "foo", true), ("*/*", "foo", true),
            ("foo/*", "bar", false), ("a.com", "bar", true),
        ])
    func namespaces(_ host: String, _ namespace: String, _ isBound: Bool) {
        let hosts = ServerHosts([host], namespace: "gw")
        #expect(hosts.overlaps(["a.com"], namespace: namespace) == isBound)
    }

    @Test(
        "exportTo shows an object to the namespaces it lists",
        arguments: [
            ([], "foo", true), (["*"], "foo", true), (["."], "own", true), (["."], "foo", false),
            (["foo"], "foo", true), (["foo", "bar"], "own", false), (["~"], "own", false),
        ] as [([String], String, Bool)])
    func visibility(_ exportTo: [String], _ viewer: String, _ expected: Bool) {
        #expect(Visibility(exportTo: exportTo, namespace: "own").includes(viewer) == expected)
    }

    @Test(
        "the nearest name is suggested, and none that is far",
        arguments: [
            ("reviewz", "reviews"), ("reviws", "reviews"), ("detials", "details"), ("zzz", nil),
            ("httpbin", nil),
        ] as [(String, String?)])
    func suggestion(_ written: String, _ meant: String?) {
        let known = ["details", "ratings", "reviews", "httpd-svc"]
        #expect(Suggestion.nearest(to: written, among: known) == meant)
    }

    @Test(
        "an address is told from a name",
        arguments: [
            ("10.0.0.1", true), ("::1", true), ("fe80::1", true), ("::ffff:10.0.0.1", true),
            ("1:2:3:4:5:6:7:8", true), ("a.com", false), ("10.0.0", false), ("10.0.0.256", false),
            ("10.0.0.01", false), ("1:2:3", false), ("1:::2", false), ("+1.2.3.4", false),
            ("", false),
            ("1:2:3:4:5:6:7:8:9", false), ("12345::", false), ("::+1", false),
        ])
    func addresses(_ text: String, _ isAddress: Bool) {
        #expect(AddressLiteral.isIP(text) == isAddress)
    }
}
