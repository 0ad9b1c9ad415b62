// What goes over the wire to a certificate service, byte by byte.
import Testing

@testable import Control

@Suite("certificate messages") struct CertificateMessageTests {
    @Test("a request is what protoc's code writes")
    func request() throws {
        let message = CertificateRequestMessage(csr: Array("abc".utf8), validityDuration: 3600)
        #expect(message.bytes == [0x0a, 3, 0x61, 0x62, 0x63, 0x18, 0x90, 0x1c])
        #expect(try CertificateRequestMessage(message.bytes) == message)
        let negative = CertificateRequestMessage(csr: [], validityDuration: -1)
        #expect(
            negative.bytes
                == [0x0a, 0, 0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])
        #expect(try CertificateRequestMessage(negative.bytes).validityDuration == -1)
    }

    @Test("fields that are not known are read over, and of one given twice the last counts")
    func tolerance() throws {
        let bytes: [UInt8] =
            [0x22, 2, 0, 0] + [0x0a, 1, 0x61] + [0x2d, 1, 2, 3, 4] + [0x31, 1, 2, 3, 4, 5, 6, 7, 8]
            + [0x38, 1] + [0x0a, 1, 0x62]
        #expect(try CertificateRequestMessage(bytes).csr == [0x62])
        #expect(try CertificateRequestMessage([]).csr == [])
    }

    @Test(
        "what ends too early, has wrong types or groups in it is refused",
        arguments: [
            [0x0a], [0x0a, 2, 1], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            [0x18], [0x18, 0x80], [0x08, 1], [0x1a, 1, 0], [0x0b], [0x0c], [0x0e], [0x0f],
            [0x00, 1], [0x2d, 1, 2], [0x31, 1], [0x20, 1],
        ] as [[UInt8]])
    func malformed(bytes: [UInt8]) {
        #expect(throws: ProtobufReader.Malformed.self) { try CertificateRequestMessage(bytes) }
    }

    @Test("an answer keeps the order of its entries")
    func response() throws {
        let chain: [[UInt8]] = [[1], [], [2, 3]]
        let bytes = CertificateResponseMessage(chain: chain).bytes
        #expect(bytes == [0x0a, 1, 1, 0x0a, 0, 0x0a, 2, 2, 3])
        #expect(try CertificateResponseMessage(bytes).chain == chain)
    }

    @Test("a body is one message, whole and not compressed")
    func frames() throws {
        #expect(GRPCFrame.framed([7, 8]) == [0, 0, 0, 0, 2, 7, 8])
        #expect(try GRPCFrame.message(in: [0, 0, 0, 0, 2, 7, 8]) == [7, 8])
        #expect(try GRPCFrame.message(in: [0, 0, 0, 0, 0]) == [])
        for (body, code) in [
            ([], GRPCCode.internal), ([0, 0, 0, 0], .internal), ([0, 0, 0, 0, 2, 7], .internal),
            ([0, 0, 0, 0, 1, 7, 0], .internal), ([1, 0, 0, 0, 1, 7], .unimplemented),
            ([0, 255, 255, 255, 255, 1], .internal),
        ] as [([UInt8], GRPCCode)] {
            do throws(GRPCStatus) {
                _ = try GRPCFrame.message(in: body)
                Issue.record("\(body) is taken")
            } catch {
                #expect(error.isCode(code), "\(body)")
            }
        }
    }

    @Test("a message for people survives the trailer, and writes no line of its own")
    func statusMessage() {
        let text = "100% \"bad\"\r\ngrpc-status: 0 \u{fc}"
        let line = GRPCStatus.percentEncoded(text)
        #expect(line.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        #expect(GRPCStatus.percentDecoded(line) == text)
        #expect(GRPCStatus.percentDecoded(Array("%zz%4".utf8)) == "%zz%4")
        let status = GRPCStatus(.invalidArgument, "a\r\nb")
        #expect(
            String(decoding: status.lines, as: UTF8.self)
                == "grpc-status: 3\r\ngrpc-message: a%0D%0Ab\r\n")
    }
}
