// How many certificates a second one core makes, alone and with the ledger's commits.
// Processor time is counted, since tests share their machine with others; the floors are far below
// what a release build reaches, and the numbers are printed.
import Glibc
import PKI
import Testing

@testable import Authority

@Suite("speed", .serialized) struct SpeedTests {
    private func rate(_ count: Int, _ name: String, _ body: () throws -> Void) rethrows -> Double {
        let start = clock()
        try body()
        let rate = Double(count) / (Double(clock() - start) / Double(CLOCKS_PER_SEC))
        print("\(name): \(Int(rate)) a second of one core")
        return rate
    }

    @Test("P-256 leaves are signed fast enough for every workload of a big mesh to start at once")
    func signing() throws {
        let kept = try Scratch().authorityKept()
        let key = try PrivateKey.generate(.p256).publicKey
        let signer = try kept.authority.currentSigner()
        let request = LeafRequest(try LeafRequest.workload().subject, key: key)
        let signed = try rate(1000, "signed, the caller's key") {
            for _ in 0..<1000 {
                _ = try signer.issuer.sign(
                    try request.template(
                        trustDomain: .clusterLocal, issuer: signer.issuer.certificate, now: .now),
                    for: key
                ).der
            }
        }
        #expect(signed > 500)
        _ = try rate(1000, "made a key and signed") {
            for _ in 0..<1000 {
                let key = try PrivateKey.generate(.p256).publicKey
                _ = try signer.issuer.sign(
                    try request.template(
                        trustDomain: .clusterLocal, issuer: signer.issuer.certificate, now: .now),
                    for: key)
            }
        }
        let issued = try rate(1000, "issued in one batch, ledger and all") {
            _ = try kept.authority.issue([LeafRequest](repeating: request, count: 1000))
        }
        #expect(issued > 250)
        _ = try rate(50, "issued one by one, two commits each") {
            for _ in 0..<50 { _ = try kept.authority.issue(request) }
        }
    }
}
