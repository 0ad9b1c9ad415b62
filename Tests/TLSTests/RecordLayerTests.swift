// What a peer may send once the handshake is over, and what ends the connection.
// The peer here seals its records itself, as an attacker who has shaken hands could.
import Net
import Testing

@testable import TLS

@Suite("TLS 1.3 records")
struct RecordLayerTests {
    /// Our end of a connection, and a peer that seals and opens what it likes.
    final class Pair {
        let layer: RecordLayer
        let sealing: RecordKeys
        let opening: RecordKeys

        init(suite number: UInt16 = 0x1301, recordsMax: UInt64 = 1 << 24) throws {
            let suite = try #require(RecordSuite.of(number))
            let one = [UInt8](repeating: 1, count: suite.secretBytes)
            let other = [UInt8](repeating: 2, count: suite.secretBytes)
            layer = RecordLayer(
                reading: try RecordKeys(unsafe TrafficSecret(one, suite: suite), for: .opening),
                writing: try RecordKeys(unsafe TrafficSecret(other, suite: suite), for: .sealing),
                recordsMax: recordsMax)
            sealing = try RecordKeys(unsafe TrafficSecret(one, suite: suite), for: .sealing)
            opening = try RecordKeys(unsafe TrafficSecret(other, suite: suite), for: .opening)
        }

        func sealed(_ type: RecordType, _ content: [UInt8]) -> [UInt8] {
            var out = Buffer()
            #expect(content.withView { sealing.seal(type, $0, into: &out) })
            return out.readable.array
        }

        /// What our end makes of `records`: progress, content, and its answer.
        func receive(
            _ records: [UInt8]
        ) -> (progress: TLSStream.Progress, plain: [UInt8], answer: [UInt8]) {
            var plain = Buffer()
            var out = Buffer()
            let progress = records.withView { layer.decrypt($0, into: &plain, out: &out) }
            return (progress, plain.readable.array, out.readable.array)
        }

        /// Opens one record of ours: its content with the type behind it.
        func opened(_ record: [UInt8]) -> [UInt8]? {
            var plain = Buffer()
            return record.withView { opening.open($0, into: &plain) } ? plain.readable.array : nil
        }
    }

    private func isFailure(_ progress: TLSStream.Progress) -> Bool {
        if case .failed = progress { true } else { false }
    }

    @Test(
        "every suite carries data of any length, both ways",
        arguments: [0x1301, 0x1302, 0x1303] as [UInt16], [0, 1, 2047, 2048, 2049, 16_384])
    func suites(suite: UInt16, count: Int) throws {
        let pair = try Pair(suite: suite)
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        let result = pair.receive(pair.sealed(.applicationData, content))
        #expect(result.progress == .needMore)
        #expect(result.plain == content)
        var out = Buffer()
        #expect(content.withView { pair.layer.encrypt($0, out: &out) } == .ready)
        if count > 0 { #expect(pair.opened(out.readable.array) == content + [23]) }
    }

    @Test("records cut anywhere are put together", arguments: [1, 4, 5, 6, 21, 22, 300])
    func cuts(step: Int) throws {
        let pair = try Pair()
        var records: [UInt8] = []
        var expected: [UInt8] = []
        for number in 0..<20 {
            let content = [UInt8](repeating: UInt8(number), count: number * 13)
            records += pair.sealed(.applicationData, content)
            expected += content
        }
        var plain = Buffer()
        var out = Buffer()
        var start = 0
        while start < records.count {
            let piece = Array(records[start..<min(start + step, records.count)])
            #expect(
                piece.withView { pair.layer.decrypt($0, into: &plain, out: &out) } == .needMore)
            start += step
        }
        #expect(plain.readable.array == expected)
        #expect(out.readable.array == [])
    }

    @Test("a changed bit anywhere is refused with bad_record_mac, and no content gets through")
    func tampered() throws {
        for position in [3, 4, 5, 20, 40] {
            let pair = try Pair()
            var record = pair.sealed(.applicationData, [UInt8](repeating: 9, count: 40))
            // A shorter length cuts the record; a longer one waits for more.
            record[position] ^= position == 3 ? 0 : 1
            if position == 3 { record[60] ^= 1 }
            if position == 4 { record.append(0) }
            let result = pair.receive(record)
            #expect(isFailure(result.progress))
            #expect(result.plain.isEmpty)
            #expect(pair.opened(result.answer) == [2, 20, 21])
        }
    }

    @Test("a record sent twice, and records out of order, are refused")
    func replay() throws {
        let pair = try Pair()
        let one = pair.sealed(.applicationData, [1])
        let result = pair.receive(one + one)
        #expect(isFailure(result.progress))
        #expect(result.plain == [1])

        let other = try Pair()
        let first = other.sealed(.applicationData, [1])
        let second = other.sealed(.applicationData, [2])
        #expect(isFailure(other.receive(second + first).progress))
    }

    @Test("records that no handshake protects are refused", arguments: [20, 21, 22, 24] as [UInt8])
    func unprotected(type: UInt8) throws {
        let pair = try Pair()
        let result = pair.receive([type, 3, 3, 0, 1, 1])
        #expect(isFailure(result.progress))
        #expect(pair.opened(result.answer) == [2, 10, 21])
    }

    @Test("a record longer than the standard allows is refused before it is waited for")
    func overflow() throws {
        let pair = try Pair()
        let result = pair.receive([23, 3, 3, 0x41, 0x01])
        #expect(isFailure(result.progress))
        #expect(pair.opened(result.answer) == [2, 22, 21])
    }

    @Test("a record that holds nothing, not even a tag, is refused")
    func short() throws {
        let pair = try Pair()
        #expect(
            isFailure(pair.receive([23, 3, 3, 0, 16] + [UInt8](repeating: 0, count: 16)).progress))
    }

    @Test("a few empty records are taken, an endless row of them is not")
    func emptyRecords() throws {
        let pair = try Pair()
        for _ in 0..<32 {
            #expect(pair.receive(pair.sealed(.applicationData, [])).progress == .needMore)
        }
        #expect(pair.receive(pair.sealed(.applicationData, [1])).progress == .needMore)
        for _ in 0..<32 {
            #expect(pair.receive(pair.sealed(.applicationData, [])).progress == .needMore)
        }
        #expect(isFailure(pair.receive(pair.sealed(.applicationData, [])).progress))
    }

    @Test("close_notify ends reading, and writing goes on until our own")
    func halfClosed() throws {
        let pair = try Pair()
        let result = pair.receive(
            pair.sealed(.alert, [1, 0]) + pair.sealed(.applicationData, [1]))
        #expect(result.progress == .ended)
        #expect(result.plain.isEmpty)
        var out = Buffer()
        #expect([UInt8](arrayLiteral: 7).withView { pair.layer.encrypt($0, out: &out) } == .ready)
        #expect(pair.opened(out.readable.array) == [7, 23])
        out.removeAll()
        pair.layer.sayGoodbye(out: &out)
        #expect(pair.opened(out.readable.array) == [1, 0, 21])
        out.removeAll()
        pair.layer.sayGoodbye(out: &out)
        #expect(out.readable.array == [])
        #expect(
            isFailure([UInt8](arrayLiteral: 7).withView { pair.layer.encrypt($0, out: &out) }))
    }

    @Test("any other alert is the end, whatever level it claims", arguments: [1, 2] as [UInt8])
    func fatal(level: UInt8) throws {
        let pair = try Pair()
        let result = pair.receive(pair.sealed(.alert, [level, 42]))
        #expect(isFailure(result.progress))
        #expect(result.answer.isEmpty)
        #expect(isFailure(try Pair().receive([]).progress) == false)
        let broken = try Pair()
        #expect(isFailure(broken.receive(broken.sealed(.alert, [1])).progress))
    }

    @Test("KeyUpdate changes the peer's key, and ours where it asks for that")
    func keyUpdate() throws {
        let pair = try Pair()
        let quiet = pair.receive(pair.sealed(.handshake, [24, 0, 0, 1, 0]))
        #expect(quiet.progress == .needMore)
        #expect(quiet.answer.isEmpty)
        #expect(pair.sealing.advance())
        #expect(pair.receive(pair.sealed(.applicationData, [1])).plain == [1])

        let asking = pair.receive(pair.sealed(.handshake, [24, 0, 0, 1, 1]))
        #expect(pair.opened(asking.answer) == [24, 0, 0, 1, 0, 22])
        #expect(pair.sealing.advance())
        #expect(pair.opening.advance())
        #expect(pair.receive(pair.sealed(.applicationData, [2])).plain == [2])
        var out = Buffer()
        #expect([UInt8](arrayLiteral: 3).withView { pair.layer.encrypt($0, out: &out) } == .ready)
        #expect(pair.opened(out.readable.array) == [3, 23])
    }

    @Test("a KeyUpdate in pieces is put together, with nothing in between")
    func splitKeyUpdate() throws {
        let pair = try Pair()
        for byte in [24, 0, 0, 1, 0] as [UInt8] {
            #expect(pair.receive(pair.sealed(.handshake, [byte])).progress == .needMore)
        }
        #expect(pair.sealing.advance())
        #expect(pair.receive(pair.sealed(.applicationData, [1])).plain == [1])

        let mixed = try Pair()
        #expect(mixed.receive(mixed.sealed(.handshake, [24, 0])).progress == .needMore)
        let result = mixed.receive(mixed.sealed(.applicationData, [1]))
        #expect(isFailure(result.progress))
        #expect(result.plain.isEmpty)
    }

    @Test(
        "any other handshake message is refused",
        arguments: [
            [], [1, 0, 0, 0], [4, 0, 0, 0], [13, 0, 0, 0], [24, 0, 0, 1, 2], [24, 0, 0, 2, 0, 0],
            [24, 0, 0, 1, 0, 24, 0, 0, 1, 0],
        ] as [[UInt8]])
    func otherMessages(message: [UInt8]) throws {
        let pair = try Pair()
        #expect(isFailure(pair.receive(pair.sealed(.handshake, message)).progress))
    }

    @Test("endless changes of keys are refused")
    func keyUpdateFlood() throws {
        let pair = try Pair()
        var progress = TLSStream.Progress.needMore
        for _ in 0..<33 {
            #expect(progress == .needMore)
            progress = pair.receive(pair.sealed(.handshake, [24, 0, 0, 1, 0])).progress
            #expect(pair.sealing.advance())
        }
        #expect(isFailure(progress))
    }

    @Test("a key that has sealed its share of records is replaced before the next one")
    func rekey() throws {
        let pair = try Pair(recordsMax: 2)
        for number in 0..<2 as Range<UInt8> {
            var out = Buffer()
            #expect([number].withView { pair.layer.encrypt($0, out: &out) } == .ready)
            #expect(pair.opened(out.readable.array) == [number, 23])
        }
        var out = Buffer()
        #expect([UInt8](arrayLiteral: 5).withView { pair.layer.encrypt($0, out: &out) } == .ready)
        let update = out.readable.prefix(5 + 6 + 16).array
        #expect(pair.opened(update) == [24, 0, 0, 1, 0, 22])
        #expect(pair.opening.advance())
        #expect(pair.opened(out.readable.suffix(from: update.count).array) == [5, 23])
    }

    // MARK: - A client's tickets

    /// NewSessionTicket with a body of `count` zeros.
    private static func ticket(_ count: Int) -> [UInt8] {
        [4, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)]
            + [UInt8](repeating: 0, count: count)
    }

    @Test("a client's tickets go to libssl record by record, split or joined, until data comes")
    func tickets() throws {
        let pair = try Pair()
        var read: [[UInt8]] = []
        pair.layer.letRead {
            read.append($0.array)
            return .needMore
        }
        let cut = Self.ticket(300)
        let records = [
            pair.sealed(.handshake, Self.ticket(40) + Self.ticket(0)),
            pair.sealed(.handshake, Array(cut[..<2])),
            pair.sealed(.handshake, Array(cut[2..<100])),
            pair.sealed(.handshake, Array(cut[100...]) + [4]),
            pair.sealed(.handshake, Array(Self.ticket(7)[1...])),
        ]
        let got = pair.receive(records.flatMap { $0 })
        #expect(got.progress == .needMore && got.plain.isEmpty && got.answer.isEmpty)
        #expect(read == records)
        // libssl has not seen this one's number, so it cannot read what follows.
        #expect(pair.receive(pair.sealed(.applicationData, [1, 2])).plain == [1, 2])
        #expect(pair.receive(pair.sealed(.handshake, Self.ticket(40))).progress == .needMore)
        #expect(read.count == records.count)
    }

    @Test("a KeyUpdate may stand behind a ticket, and is not libssl's")
    func ticketAndKeyUpdate() throws {
        let pair = try Pair()
        var count = 0
        pair.layer.letRead { _ in
            count += 1
            return .needMore
        }
        let update: [UInt8] = [24, 0, 0, 1, 0]
        #expect(
            pair.receive(pair.sealed(.handshake, Self.ticket(9) + update)).progress == .needMore)
        #expect(pair.sealing.advance())
        #expect(pair.receive(pair.sealed(.applicationData, [5])).plain == [5])
        #expect(pair.receive(pair.sealed(.handshake, Self.ticket(9))).progress == .needMore)
        #expect(count == 0)
    }

    @Test("a client refuses what is no ticket, is too long, or has data inside")
    func noTickets() throws {
        func client(reading: Bool = true) throws -> Pair {
            let pair = try Pair()
            pair.layer.letRead { _ in reading ? .needMore : .failed(.failed("no ticket")) }
            return pair
        }
        var pair = try client()
        #expect(isFailure(pair.receive(pair.sealed(.handshake, [13, 0, 0, 0])).progress))
        pair = try client()
        #expect(isFailure(pair.receive(pair.sealed(.handshake, [4, 0xFF, 0, 0])).progress))
        pair = try client(reading: false)
        #expect(isFailure(pair.receive(pair.sealed(.handshake, Self.ticket(9))).progress))
        pair = try client()
        #expect(pair.receive(pair.sealed(.handshake, [4, 0])).progress == .needMore)
        #expect(isFailure(pair.receive(pair.sealed(.applicationData, [1])).progress))
        // A server gets none.
        pair = try Pair()
        #expect(isFailure(pair.receive(pair.sealed(.handshake, Self.ticket(9))).progress))
    }

    @Test("libssl words an alert that comes before data; later ones are known by their number")
    func alertsOfAClient() throws {
        for isEarly in [true, false] {
            let pair = try Pair()
            pair.layer.letRead { _ in .failed(.failed("certificate required")) }
            if !isEarly { _ = pair.receive(pair.sealed(.applicationData, [1])) }
            let end = pair.receive(pair.sealed(.alert, [2, 116])).progress
            let why = isEarly ? "certificate required" : "the peer sent alert 116"
            #expect(end == .failed(.failed(why)))
            #expect(pair.layer.peerHasEnded)
        }
    }
}
