// YAML as people write, paste and break it.
import Foundation
import Spec
import Testing

@Suite("YAML")
struct YAMLTests {
    static let service = kubernetes("Service", "spec:\n  ports:\n  - port: 80")

    @Test("several documents, empty ones among them, are read in order")
    func documents() throws {
        let parsed = parse(
            "---\n\(Self.service)---\n---\n# nothing\n---\n~\n---\n\(Self.service)---\n")
        #expect(parsed.objects.count == 2)
        #expect(parsed.diagnostics.isEmpty)
        #expect(parsed.objects[1].source.line == 15)
    }

    @Test("an empty file holds nothing and is no error", arguments: ["", "\n", "---\n", "# x\n"])
    func empty(text: String) {
        let parsed = parse(text)
        #expect(parsed.objects.isEmpty)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("JSON is YAML")
    func json() throws {
        let parsed = parse(
            #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"#
                + "\n\t" + #""spec":{"ports":[{"port":80,"targetPort":"http"}]}}"#)
        let service = try parsed.first(Service.self)
        #expect(service.ports[0].targetPort == .name("http"))
    }

    @Test("the items of a List are objects")
    func list() {
        let parsed = parse(
            """
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Service
              metadata: {name: a}
              spec: {ports: [{port: 80}]}
            - apiVersion: v1
              kind: Service
              metadata: {name: b}
              spec: {ports: [{port: 0}]}
            """)
        #expect(parsed.objects.map(\.name) == ["a"])
        #expect(parsed.diagnostics.first?.fieldPath == "spec.ports[0].port")
        #expect(parsed.diagnostics.first?.object?.name == "b")
    }

    @Test("a UTF-8 byte order mark is not part of the text")
    func byteOrderMark() {
        let parsed = ParsedFile(reading: [0xEF, 0xBB, 0xBF] + Self.service.utf8, file: "a.yaml")
        #expect(parsed.objects.count == 1)
    }

    @Test("UTF-16 of either order is read", arguments: [false, true])
    func utf16(isBig: Bool) {
        var bytes: [UInt8] = isBig ? [0xFE, 0xFF] : [0xFF, 0xFE]
        for unit in Self.service.utf16 {
            let pair = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
            bytes += isBig ? pair.reversed() : pair
        }
        #expect(ParsedFile(reading: bytes, file: "a.yaml").objects.count == 1)
    }

    @Test("invalid UTF-8 is an error at its place")
    func invalidUTF8() throws {
        let bytes = Array("apiVersion: v1\nkind: ".utf8) + [0xC3, 0x28] + Array("\n".utf8)
        let finding = try only(ParsedFile(reading: bytes, file: "a.yaml"))
        #expect(finding.location?.description == "a.yaml:2:7")
        #expect(finding.message.contains("UTF-8"))
    }

    @Test("a control character is an error at its place")
    func controlCharacter() throws {
        let finding = try only(parse("apiVersion: v1\nkind: a\u{1}b\n"))
        #expect(finding.location?.line == 2)
        #expect(finding.message == "a control character")
    }

    @Test("a key given twice is an error that names both lines")
    func duplicateKey() throws {
        let finding = try only(parse("apiVersion: v1\nkind: Service\nmetadata: {}\nkind: Pod\n"))
        #expect(finding.isError)
        #expect(finding.location?.description == "test.yaml:4:1")
        #expect(finding.message == "`kind` is given twice, first on line 2 and again here")
    }

    @Test("a key given twice among many is found as well")
    func duplicateAmongMany() throws {
        let lines = (0..<40).map { "k\($0): v" } + ["k17: w"]
        let finding = try only(parse(lines.joined(separator: "\n")))
        #expect(finding.location?.line == 41)
        #expect(finding.message.contains("first on line 18"))
    }

    @Test("aliases and merge keys mean what they stand for, and what is written here wins")
    func aliases() throws {
        let parsed = parse(
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata:
              name: x
            spec:
              hosts: [a]
              http:
              - match: [{uri: {exact: /1}}]
                route: &route
                - destination: &destination
                    host: reviews
                    subset: v1
              - match: [{uri: {exact: /2}}]
                route: *route
              - route:
                - destination:
                    <<: *destination
                    subset: v2
            """)
        let http = try parsed.first(VirtualService.self).http
        #expect(parsed.diagnostics.isEmpty)
        #expect(http[1].route[0].destination.host == "reviews")
        #expect(http[1].route[0].destination.subset == "v1")
        #expect(http[2].route[0].destination.host == "reviews")
        #expect(http[2].route[0].destination.subset == "v2")
    }

    @Test("a billion laughs is refused at once")
    func billionLaughs() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let clock = ContinuousClock()
        var parsed: ParsedFile?
        let time = clock.measure { parsed = parse(text) }
        #expect(time < .seconds(1))
        let finding = try only(#require(parsed))
        #expect(finding.message.contains("aliases add more than"))
    }

    @Test("aliases that make a document deep are refused")
    func deepAliases() throws {
        var text = "a0: &a0 [x]\n"
        for level in 1...70 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(try only(parse(text)).message.contains("deeper than"))
    }

    @Test("an alias to what it is part of is refused")
    func selfReference() throws {
        #expect(try only(parse("a: &a [1, *a]\n")).message == "alias *a contains itself")
    }

    @Test("an alias to nothing is refused")
    func unknownAlias() throws {
        #expect(try only(parse("a: *b\n")).message == "alias *b names nothing")
    }

    @Test("brackets without end are refused in linear time")
    func deepNesting() throws {
        let text = String(repeating: "[", count: 200_000)
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(parse(text).diagnostics.first?.message.contains("deeper than") == true)
        }
        #expect(time < .seconds(1))
    }

    @Test("a key that is a list is refused")
    func complexKey() throws {
        #expect(try only(parse("? [a, b]\n: c\n")).message == "a key that is not a plain text")
    }

    @Test("a tag of somebody's own is refused, a standard one is taken")
    func tags() throws {
        #expect(try only(parse("a: !mine b\n")).message.contains("!mine"))
        let text = Self.service.replacing("name: x", with: "name: !!str 123")
        #expect(parse(text).objects.first?.name == "123")
    }

    @Test("a broken document applies nothing of itself, and its neighbours are read")
    func brokenDocument() throws {
        let parsed = parse(
            "\(Self.service)---\napiVersion: v1\nkind: [\n---\n"
                + Self.service.replacing("name: x", with: "name: z"))
        #expect(parsed.objects.map(\.name) == ["x", "z"])
        #expect(parsed.hasErrors)
        let finding = try only(parsed)
        #expect(finding.message.contains("not closed"))
        #expect(parsed.objects[1].source.line == 12)
    }

    @Test("a document that starts with a wrong character does not break the one before it")
    func brokenAhead() throws {
        let parsed = parse("\(Self.service)---\n@x: y\n")
        #expect(parsed.objects.count == 1)
        let finding = try only(parsed)
        #expect(finding.location?.description == "test.yaml:9:1")
        #expect(finding.message == "a value cannot start with `@`")
    }

    @Test("a tab in the indentation is named, with its place")
    func tab() throws {
        let finding = try only(parse("metadata:\n \tname: rating\n"))
        #expect(finding.location?.line == 2)
        #expect(finding.message == "a tab in the indentation")
        #expect(finding.advice == "YAML does not allow tabs for indentation; use blanks")
    }

    @Test("a quote that is never closed is named by the line that opens it")
    func openQuote() throws {
        let finding = try only(parse("a: 1\nb: \"x\nc: 2\n"))
        #expect(finding.message.contains("line 2, column 4"))
    }

    @Test("a document that is no object says so", arguments: ["hello\n", "- a\n- b\n", "12\n"])
    func noObject(text: String) throws {
        #expect(try only(parse(text)).message.contains("not an object"))
    }

    @Test("a value larger than the limit is refused")
    func hugeScalar() throws {
        let text = "a: " + String(repeating: "x", count: SpecLimits.scalarBytesMax + 1)
        #expect(try only(parse(text)).message.contains("a value of"))
    }

    @Test("a file with endless errors lists some and counts the rest")
    func manyErrors() {
        let text = String(repeating: "x: [\n---\n", count: 5_000)
        let parsed = parse(text)
        #expect(parsed.diagnostics.count == SpecLimits.diagnosticsPerFileMax + 1)
        #expect(parsed.diagnostics.last?.message == "4800 more findings, of which 4800 are errors")
        #expect(parsed.hasErrors)
    }

    @Test("errors beyond the listed warnings still count as errors")
    func errorsBehindWarnings() {
        let many = (0..<250).map { "x\($0): 1" }.joined(separator: "\n")
        let parsed = parse(kubernetes("Service", "\(many)\nspec: {ports: [{port: 0}]}"))
        #expect(parsed.hasErrors)
        #expect(parsed.diagnostics.count == SpecLimits.diagnosticsPerFileMax + 1)
        #expect(parsed.diagnostics.last?.isError == true)
    }

    @Test("a million findings take no longer than reading them")
    func endlessFindings() {
        let fields = (0..<20_000).map { "f\($0): 1" }.joined(separator: ", ")
        let text = "{apiVersion: v1, kind: Service, \(fields)}"
        let clock = ContinuousClock()
        var count = 0
        let time = clock.measure { count = parse(text).diagnostics.count }
        #expect(count == SpecLimits.diagnosticsPerFileMax + 1)
        #expect(time < .seconds(20))
    }
}
