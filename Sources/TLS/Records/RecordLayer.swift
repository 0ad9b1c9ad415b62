// A TLS 1.3 connection after its handshake: records in and out (RFC 8446 section 5), alerts, and
// changes of keys. The handshake is libssl's, and so is every version before 1.3.
// libssl keeps 13 KB for a connection that only waits, 7.6 of them in one struct, and spends more
// around the cipher of a short record than in it; with the two traffic secrets all of that can go.
internal import COpenSSL
import Net

/// Used on one thread.
final class RecordLayer {
    private let reading: RecordKeys
    private let writing: RecordKeys
    /// The beginning of a record whose end has not come; no memory in between.
    private var partial = Buffer()
    /// The beginning of a handshake message whose end has not come.
    private var message: [UInt8] = []
    /// Records without content, and changes of keys, one behind the other: bounded, as each of them
    /// costs more to take than to send.
    private var idleRecords = 0
    private static let idleRecordsMax = 32
    private let recordsMax: UInt64
    /// Of a client: lets libssl read a record.
    private var readElsewhere: ((ByteView) -> TLSStream.Progress)?
    /// libssl counts records too: it can read this one only where it has seen all before it.
    private var isInStep = true
    private(set) var peerHasEnded = false
    /// close_notify or a fatal alert went out: nothing may follow it.
    private var hasEnded = false

    /// - Parameter recordsMax: of one key, before it is replaced.
    init(
        reading: RecordKeys, writing: RecordKeys,
        recordsMax: UInt64 = RecordSuite.recordsMax
    ) {
        self.reading = reading
        self.writing = writing
        self.recordsMax = recordsMax
    }

    /// A client gets tickets (NewSessionTicket, RFC 8446 section 4.6.1), and alerts about its own
    /// certificate. Those that come before anything else, as servers send them, are given to
    /// `read`, where a session or an error's words are made of them; later tickets are let pass
    /// unread.
    func letRead(_ read: @escaping (ByteView) -> TLSStream.Progress) {
        readElsewhere = read
    }

    // MARK: - Out

    /// Appends the records of `plain` to `out`.
    func encrypt(_ plain: ByteView, out: inout Buffer) -> TLSStream.Progress {
        guard !hasEnded else { return .failed(.failed("the connection was ended")) }
        var rest = plain
        while rest.count > 0 {
            if writing.sequence >= recordsMax, !changeKeys(out: &out) { return broken(&out) }
            let piece = rest.prefix(min(rest.count, RecordKeys.contentMax))
            guard writing.seal(.applicationData, piece, into: &out) else { return broken(&out) }
            rest = rest.suffix(from: piece.count)
        }
        return .ready
    }

    /// KeyUpdate with update_not_requested, and the next key for all that follows it.
    private func changeKeys(out: inout Buffer) -> Bool {
        let update: [UInt8] = [Self.keyUpdate, 0, 0, 1, 0]
        return update.withView { writing.seal(.handshake, $0, into: &out) } && writing.advance()
    }

    func sayGoodbye(out: inout Buffer) {
        send(.closeNotify, level: 1, out: &out)
    }

    private func send(_ alert: RecordAlert, level: UInt8, out: inout Buffer) {
        guard !hasEnded else { return }
        hasEnded = true
        _ = [level, alert.rawValue].withView { writing.seal(.alert, $0, into: &out) }
    }

    private func fail(
        _ alert: RecordAlert, _ reason: String, out: inout Buffer
    ) -> TLSStream.Progress {
        send(alert, level: 2, out: &out)
        peerHasEnded = true
        return .failed(.failed(reason))
    }

    private func broken(_ out: inout Buffer) -> TLSStream.Progress {
        fail(.internalError, TLSError.reason("no cipher"), out: &out)
    }

    // MARK: - In

    /// Appends the content of all records in `ciphertext` to `plain`; what has to be answered goes
    /// to `out`.
    func decrypt(
        _ ciphertext: ByteView, into plain: inout Buffer, out: inout Buffer
    ) -> TLSStream.Progress {
        var rest = ciphertext
        while rest.count > 0, !peerHasEnded {
            var progress = TLSStream.Progress.needMore
            if partial.isEmpty, rest.count >= RecordKeys.headerBytes {
                guard let total = total(rest, &progress, &out) else { return progress }
                if rest.count >= total {
                    progress = received(rest.prefix(total), &plain, &out)
                    rest = rest.suffix(from: total)
                } else {
                    partial.reserve(total)
                    partial.append(rest)
                    return .needMore
                }
            } else {
                guard let used = gather(rest, &progress, &plain, &out) else { return progress }
                rest = rest.suffix(from: used)
            }
            if progress != .needMore { return progress }
        }
        return peerHasEnded ? .ended : .needMore
    }

    /// Adds to the record that is incomplete, and serves it once it is not. Returns how many bytes
    /// were used; nil on failure.
    private func gather(
        _ rest: ByteView, _ progress: inout TLSStream.Progress, _ plain: inout Buffer,
        _ out: inout Buffer
    ) -> Int? {
        var used = 0
        if partial.count < RecordKeys.headerBytes {
            used = min(RecordKeys.headerBytes - partial.count, rest.count)
            partial.append(rest.prefix(used))
            if partial.count < RecordKeys.headerBytes { return used }
        }
        guard let total = total(partial.readable, &progress, &out) else { return nil }
        let more = min(total - partial.count, rest.count - used)
        partial.append(rest.slice(used, more))
        if partial.count == total {
            var whole = Buffer()
            swap(&whole, &partial)
            progress = received(whole.readable, &plain, &out)
        }
        return used + more
    }

    /// Length of the record that begins with `header`; nil, and why in `progress`, where no such
    /// record may come.
    private func total(
        _ header: ByteView, _ progress: inout TLSStream.Progress, _ out: inout Buffer
    ) -> Int? {
        let length = Int(header[3]) << 8 | Int(header[4])
        guard header[0] == RecordType.applicationData.rawValue else {
            progress = fail(.unexpectedMessage, "a record that is not protected", out: &out)
            return nil
        }
        guard length <= RecordKeys.contentMax + 256 else {
            progress = fail(.recordOverflow, "a record that is too long", out: &out)
            return nil
        }
        guard length > RecordKeys.tagBytes else {
            progress = fail(.badRecordMAC, "a record that is too short", out: &out)
            return nil
        }
        return RecordKeys.headerBytes + length
    }

    private func received(
        _ record: ByteView, _ plain: inout Buffer, _ out: inout Buffer
    ) -> TLSStream.Progress {
        let before = plain.count
        guard reading.open(record, into: &plain) else {
            _ = TLSError.reason("")
            return fail(.badRecordMAC, "a record that was not sealed by the peer", out: &out)
        }
        // Content, its type, and zeros (RFC 8446 section 5.4).
        var end = plain.count - 1
        let bytes = plain.readable
        while end >= before, bytes[end] == 0 { end -= 1 }
        guard end >= before, let type = RecordType(rawValue: bytes[end]) else {
            plain.truncate(to: before)
            return fail(.unexpectedMessage, "a record of no known type", out: &out)
        }
        guard end - before <= RecordKeys.contentMax else {
            plain.truncate(to: before)
            return fail(.recordOverflow, "a record that is too long", out: &out)
        }
        switch type {
        case .applicationData:
            isInStep = false
            plain.truncate(to: end)
            guard message.isEmpty else {
                plain.truncate(to: before)
                return fail(.unexpectedMessage, "data inside a handshake message", out: &out)
            }
            if end > before {
                idleRecords = 0
                return .needMore
            }
            return countIdle(&out)
        case .alert, .handshake:
            let content = bytes.slice(before, end - before).array
            plain.truncate(to: before)
            if type == .handshake { return handshake(content, record, &out) }
            if isInStep, case .failed(let error)? = readElsewhere?(record) {
                peerHasEnded = true
                hasEnded = true
                return .failed(error)
            }
            isInStep = false
            return alert(content, &out)
        }
    }

    private func countIdle(_ out: inout Buffer) -> TLSStream.Progress {
        idleRecords += 1
        guard idleRecords <= Self.idleRecordsMax else {
            return fail(.unexpectedMessage, "too many records without content", out: &out)
        }
        return .needMore
    }

    private func alert(_ content: [UInt8], _ out: inout Buffer) -> TLSStream.Progress {
        guard content.count == 2 else {
            return fail(.decodeError, "an alert that is not one", out: &out)
        }
        // In TLS 1.3 the level says nothing: every alert but these two is fatal (section 6).
        switch RecordAlert(rawValue: content[1]) {
        case .closeNotify:
            peerHasEnded = true
            return .ended
        case .userCanceled: return countIdle(&out)
        default:
            peerHasEnded = true
            hasEnded = true
            return .failed(.failed("the peer sent alert \(content[1])"))
        }
    }

    // MARK: - Handshake messages

    private static let keyUpdate: UInt8 = 24
    private static let newSessionTicket: UInt8 = 4
    /// Lifetime, age, nonce, ticket and extensions, each as long as it may be (section 4.6.1).
    private static let ticketMax = 4 + 4 + 4 + 256 + 2 * 65_537

    /// The one message a server may still get is KeyUpdate (RFC 8446 section 4.6.3).
    private func handshake(
        _ content: [UInt8], _ record: ByteView, _ out: inout Buffer
    ) -> TLSStream.Progress {
        guard !content.isEmpty else {
            return fail(.unexpectedMessage, "a handshake record without content", out: &out)
        }
        message += content
        if let readElsewhere, message[0] == Self.newSessionTicket {
            guard let areTicketsAlone = dropTickets() else {
                return fail(.decodeError, "a ticket that is too long", out: &out)
            }
            if areTicketsAlone {
                guard !isInStep || readElsewhere(record) == .needMore else {
                    return fail(.decodeError, "a ticket that is not one", out: &out)
                }
                return countIdle(&out)
            }
        }
        isInStep = false
        guard message[0] == Self.keyUpdate else {
            return fail(.unexpectedMessage, "handshake message \(message[0])", out: &out)
        }
        // type(1) length(3) request_update(1)
        guard message.count >= 5 else { return countIdle(&out) }
        let update = message
        message = []
        guard update[1] == 0, update[2] == 0, update[3] == 1, update[4] <= 1 else {
            return fail(.decodeError, "a KeyUpdate that is not one", out: &out)
        }
        // Keys change at the end of a record: nothing may stand behind it (section 5.1).
        guard update.count == 5 else {
            return fail(.unexpectedMessage, "a record with two keys", out: &out)
        }
        guard reading.advance() else { return broken(&out) }
        if update[4] == 1, !hasEnded, !changeKeys(out: &out) { return broken(&out) }
        return countIdle(&out)
    }

    /// Takes the tickets that are complete out of `message`. True where nothing is left but perhaps
    /// the beginning of another; nil where one is longer than they get.
    private func dropTickets() -> Bool? {
        var start = 0
        while start < message.count, message[start] == Self.newSessionTicket {
            guard message.count - start >= 4 else { break }
            let length =
                4 + Int(message[start + 1]) << 16 + Int(message[start + 2]) << 8
                + Int(message[start + 3])
            guard length <= Self.ticketMax else { return nil }
            guard message.count - start >= length else { break }
            start += length
        }
        message.removeFirst(start)
        return message.first ?? Self.newSessionTicket == Self.newSessionTicket
    }
}
