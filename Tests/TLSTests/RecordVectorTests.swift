// The record layer against RFC 8448, the IETF's trace of a TLS 1.3 connection.
// Keys, IVs and records in it were made by somebody else's code.
import Net
import Testing

@testable import TLS

@Suite("records as in RFC 8448 section 3")
struct RecordVectorTests {
    static let client =
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
    static let server =
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
    static let payload = (0..<50).map { UInt8($0) }
    static let clientData =
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a"
        + "9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
    static let clientAlert = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"
    static let serverData =
        "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602d"
        + "cb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"

    private func keys(
        _ secret: String, for use: RecordKeys.Use, after sequence: UInt64 = 0
    ) throws -> RecordKeys {
        let suite = try #require(RecordSuite.of(0x1301))
        return try RecordKeys(
            unsafe TrafficSecret(hexadecimal(secret), suite: suite), for: use, sequence: sequence)
    }

    @Test("key and IV are derived from the secret")
    func derivation() throws {
        let suite = try #require(RecordSuite.of(0x1301))
        let secret = unsafe TrafficSecret(hexadecimal(Self.server), suite: suite)
        var out = InlineArray<48, UInt8>(repeating: 0)
        #expect(secret.expand("key", 16, into: &out))
        #expect(
            (0..<16).map { out[$0] } == hexadecimal("9f02283b6c9c07efc26bb9f2ac92e356"))
        #expect(secret.expand("iv", 12, into: &out))
        #expect((0..<12).map { out[$0] } == hexadecimal("cf782b88dd83549aadf1e984"))
    }

    @Test("the client's data and its close_notify are opened, and nothing follows them")
    func opening() throws {
        let layer = RecordLayer(
            reading: try keys(Self.client, for: .opening),
            writing: try keys(Self.server, for: .sealing))
        var plain = Buffer()
        var out = Buffer()
        let records = hexadecimal(Self.clientData + Self.clientAlert)
        #expect(records.withView { layer.decrypt($0, into: &plain, out: &out) } == .ended)
        #expect(plain.readable.array == Self.payload)
        #expect(out.readable.array == [])
    }

    @Test("the server's data is sealed behind one ticket, byte for byte")
    func sealing() throws {
        let layer = RecordLayer(
            reading: try keys(Self.client, for: .opening),
            writing: try keys(Self.server, for: .sealing, after: 1))
        var out = Buffer()
        #expect(Self.payload.withView { layer.encrypt($0, out: &out) } == .ready)
        #expect(out.readable.array == hexadecimal(Self.serverData))
    }
}

func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8).map { $0 > 0x39 ? $0 - 0x57 : $0 - 0x30 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
