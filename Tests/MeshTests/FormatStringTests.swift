// Envoy's format strings in header values.
import Testing

@testable import Mesh

@Suite struct FormatStringTests {
    private static func literal(_ text: String) -> FormatPart { .literal(Array(text.utf8)) }

    @Test(
        "a value is taken apart into text and operators",
        arguments: [
            ("plain", [literal("plain")]), ("", []), ("100%%", [literal("100%")]),
            ("a%%b%%", [literal("a%b%")]),
            ("%DOWNSTREAM_REMOTE_ADDRESS%", [.downstreamRemoteAddress]),
            (
                "ip=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%;",
                [literal("ip="), .downstreamRemoteAddressWithoutPort, literal(";")]
            ),
            ("%REQ(X-User)%", [.requestHeader(name: Array("x-user".utf8))]),
            ("%REQ(:path)%", [.requestHeader(name: Array(":path".utf8))]),
            ("%RESP(x)%%PROTOCOL%", [.responseHeader(name: Array("x".utf8)), .protocolName]),
            ("%START_TIME%", [.startTime]), ("%UPSTREAM_CLUSTER_RAW%", [.upstreamCluster]),
            ("%HOSTNAME%-%ROUTE_NAME%", [.hostname, literal("-"), .routeName]),
        ] as [(String, [FormatPart])])
    func parts(_ text: String, _ expected: [FormatPart]) throws {
        #expect(try FormatString.parse(text) == expected)
    }

    @Test(
        "what is no operator is refused",
        arguments: [
            ("50%", FormatError.lonePercent), ("%a", .lonePercent), ("%REQ(a%", .lonePercent),
            ("%NOPE%", .unknown("NOPE")), ("% %", .unknown(" ")), ("%req(x)%", .unknown("req(x)")),
            ("%REQ%", .unknown("REQ")), ("%REQ()%", .unknown("REQ()")),
            ("%REQ(A?B)%", .notYet("REQ(A?B)")), ("%REQ(A):10%", .notYet("REQ(A):10")),
            ("%START_TIME(%s)%", .notYet("START_TIME(%s)")),
            ("%DYNAMIC_METADATA(a:b)%", .notYet("DYNAMIC_METADATA(a:b)")),
        ])
    func refused(_ text: String, _ error: FormatError) {
        #expect(throws: error) { try FormatString.parse(text) }
    }

    @Test(
        "what was parsed is written as one would write it",
        arguments: [
            "plain", "100%%", "ip=%DOWNSTREAM_REMOTE_ADDRESS%;%REQ(x-user)%", "%RESPONSE_CODE%",
        ])
    func roundTrip(_ text: String) throws {
        #expect(try FormatString.parse(text).formatText == text)
    }
}
