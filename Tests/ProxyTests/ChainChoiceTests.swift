// Which filter chain a ClientHello gets: the server name first, then what ALPN offers.
// The order of chains decides nothing, or two files would mean another thing than one.
import Mesh
import Net
import Testing

@testable import Proxy
@testable import TLS

@Suite("choice of chains")
struct ChainChoiceTests {
    private static func chain(
        _ name: String, _ serverNames: [String], _ protocols: [String] = []
    ) -> FilterChain {
        FilterChain(
            name: name, serverNames: serverNames, applicationProtocols: protocols,
            handling: .passthrough(Mesh.TCPRoute(destinations: [], origin: Plan.origin)),
            origin: Plan.origin)
    }

    private static let chains = [
        chain("any", ["*"]), chain("any mesh", ["*"], ["istio", "istio-h2"]),
        chain("wild", ["*.example"], ["h2"]), chain("longer", ["*.a.example"]),
        chain("exact", ["shop.example"], ["istio"]), chain("exact web", ["shop.example"], ["h2"]),
    ]

    @Test(
        "name before protocol, and no way back from a name",
        arguments: [
            (nil, [], "any"), (nil, ["istio"], "any mesh"), ("other.test", ["h2"], "any"),
            ("other.test", ["x", "istio-h2"], "any mesh"), ("b.example", ["h2"], "wild"),
            ("b.example", [], nil), ("b.a.example", ["h2"], "longer"),
            ("shop.example", ["istio"], "exact"), ("shop.example", ["h2", "istio"], "exact web"),
            ("shop.example", ["http/1.1"], nil),
        ] as [(String?, [String], String?)])
    func choice(name: String?, protocols: [String], wanted: String?) {
        var hello = ClientHello()
        hello.serverName = name
        hello.applicationProtocols = protocols
        #expect(Self.chains.choice(for: hello)?.name == wanted)
        #expect(Array(Self.chains.reversed()).choice(for: hello)?.name == wanted)
    }

    @Test("a chain for clients without a name is for them alone")
    func unnamed() {
        let chains = [Self.chain("any", ["*"]), Self.chain("unnamed", [""])]
        var hello = ClientHello()
        #expect(chains.choice(for: hello)?.name == "unnamed")
        hello.serverName = "shop.example"
        #expect(chains.choice(for: hello)?.name == "any")
        #expect(chains.suffix(1).map(\.self).choice(for: hello) == nil)
    }

    private static func chain(
        _ name: String, _ serverName: String, to blocks: String...
    ) -> FilterChain {
        FilterChain(
            name: name, serverNames: [serverName],
            destinations: blocks.compactMap { AddressBlock($0) },
            handling: .passthrough(Mesh.TCPRoute(destinations: [], origin: Plan.origin)),
            origin: Plan.origin)
    }

    @Test(
        "the address before the name, the smallest block first; whose name does not fit is no bar",
        arguments: [
            ("10.1.2.3", "a.example", "host"), ("10.1.2.4", "a.example", "net"),
            ("10.2.0.1", "a.example", "rest"), ("10.1.2.3", "b.example", "others"),
            ("2001:db8::1", "a.example", "six"), ("2001:db9::1", "a.example", "rest"),
            (nil, "a.example", "rest"),
        ] as [(String?, String, String)])
    func destination(address: String?, name: String, wanted: String) {
        let chains = [
            Self.chain("rest", "a.example"), Self.chain("others", "*"),
            Self.chain("net", "*.example", to: "192.0.2.0/24", "10.1.0.0/16"),
            Self.chain("host", "a.example", to: "10.1.2.3"),
            Self.chain("b elsewhere", "b.example", to: "10.1.2.0/31"),
            Self.chain("six", "a.example", to: "2001:db8::/32"),
        ].filter { $0.name != "net" || name == "a.example" }
        var hello = ClientHello()
        hello.serverName = name
        let meant = address.flatMap { SocketAddress(host: $0, port: 443) }
        #expect(chains.choice(for: hello, to: meant)?.name == wanted)
        #expect(Array(chains.reversed()).choice(for: hello, to: meant)?.name == wanted)
        #expect(chains.lookAtDestinations)
    }
}
