// Istio's own samples, and what happens to them when they are damaged at random.
import Foundation
import Spec
import Testing

/// Istio's samples: the folder in ISTHMUS_SAMPLES, or `shared/samples` beside the checkout.
enum Samples {
    static let folder: URL? = {
        let beside = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/samples").standardizedFileURL
        let given = ProcessInfo.processInfo.environment["ISTHMUS_SAMPLES"].map { URL(filePath: $0) }
        let folder = given ?? beside
        guard FileManager.default.fileExists(atPath: folder.path) else {
            print(
                "Istio's samples are not at \(folder.path); set ISTHMUS_SAMPLES to test with them")
            return nil
        }
        return folder
    }()

    static let all: [String] = {
        guard let folder, let walk = FileManager.default.enumerator(atPath: folder.path) else {
            return []
        }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: #require(folder).appending(path: name)))
    }
}

@Suite("samples", .enabled(if: Samples.folder != nil, "Istio's samples are absent"))
struct SampleTests {
    @Test("every sample loads without an error", arguments: Samples.all)
    func loads(name: String) throws {
        let parsed = ParsedFile(reading: try Samples.bytes(name), file: name)
        #expect(parsed.diagnostics.filter(\.isError).isEmpty)
        #expect(!parsed.objects.isEmpty || parsed.diagnostics.allSatisfy { $0.severity == .info })
    }

    @Test("nothing in Bookinfo's rules is a warning")
    func bookinfo() throws {
        for name in Samples.all where name.hasPrefix("bookinfo/networking/") {
            #expect(
                ParsedFile(reading: try Samples.bytes(name), file: name).complaints.isEmpty,
                "\(name)")
        }
    }

    @Test("Bookinfo's gateway and its rule are what the sample says")
    func gateway() throws {
        let parsed = ParsedFile(
            reading: try Samples.bytes("bookinfo/networking/bookinfo-gateway.yaml"), file: "g")
        let gateway = try parsed.first(Gateway.self)
        #expect(gateway.selector == ["istio": "ingressgateway"])
        #expect(gateway.servers[0].port.number == 8080)
        #expect(gateway.servers[0].hosts.map(\.value) == ["*"])
        let service = try parsed.first(VirtualService.self)
        #expect(service.gateways.map(\.value) == ["bookinfo-gateway"])
        #expect(service.http[0].match.map(\.uri).first == .exact("/productpage"))
        #expect(service.http[0].route[0].destination.port == 9080)
    }

    @Test("samples damaged at random never crash the reader, and their findings point into them")
    func damaged() throws {
        var random = SplitMix(seed: 0x1573_4A05)
        let interesting = Array(#"{}[]:-,&*!|>'"%@`#~? \#t\#n\#0yn09."#.utf8) + [0xFF, 0xC3, 0xE2]
        for name in Samples.all {
            let original = try Samples.bytes(name)
            for _ in 0..<10 {
                var bytes = original
                for _ in 0...Int(random.next() % 6) {
                    let place = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 5 {
                    case 0: bytes.remove(at: place)
                    case 1:
                        bytes.insert(
                            interesting[Int(random.next() % UInt64(interesting.count))], at: place)
                    case 2:
                        bytes[place] = interesting[Int(random.next() % UInt64(interesting.count))]
                    case 3: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                    default:
                        let end = min(bytes.count, place + Int(random.next() % 80))
                        bytes.insert(contentsOf: bytes[place..<end], at: place)
                    }
                    if bytes.isEmpty { bytes = [0x0A] }
                }
                let parsed = ParsedFile(reading: bytes, file: name)
                let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count
                for finding in parsed.diagnostics + parsed.idleFields.warnings {
                    #expect((finding.location?.line ?? 0) <= lines + 1)
                    #expect(!finding.rendered(source: bytes, color: true).isEmpty)
                }
                #expect(parsed.objects.allSatisfy { $0.source.line <= lines })
            }
        }
    }
}

/// The same numbers every time.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
