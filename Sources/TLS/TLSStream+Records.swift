// How a TLS 1.3 connection goes on without libssl, once its handshake is over.
// libssl offers no way to let go of what only the handshake needed. KeySchedule has the two secrets
// that records are protected with; RecordLayer does the rest.
internal import COpenSSL
import Net

extension TLSStream {
    /// What was agreed, kept when libssl's connection is gone.
    struct Agreement {
        let applicationProtocol: String?
        let serverName: String?
        let version: String
        let cipherSuite: String
        let isResumed: Bool
    }

    /// The record layer of a connection whose handshake is over; nil where libssl has to go on:
    /// before TLS 1.3, and with a suite nobody uses. `sent`: the records of a server's tickets, the
    /// first ones under the new key.
    func recordLayer(sent: ByteView) -> RecordLayer? {
        guard unsafe SSL_version(ssl) == TLS1_3_VERSION,
            unsafe SSL_has_pending(ssl) == 0,
            let cipher = unsafe SSL_get_current_cipher(ssl),
            let suite = unsafe RecordSuite.of(SSL_CIPHER_get_protocol_id(cipher)),
            let theirs = context.isServer ? secrets?.client(suite) : secrets?.server(suite),
            let ours = context.isServer ? secrets?.server(suite) : secrets?.client(suite),
            let tickets = Self.records(in: sent),
            let reading = try? RecordKeys(theirs, for: .opening),
            let writing = try? RecordKeys(ours, for: .sealing, sequence: tickets)
        else { return nil }
        return RecordLayer(reading: reading, writing: writing, recordsMax: context.recordsMax)
    }

    /// What libssl is asked for later, where it will not be there: a peer that showed a certificate
    /// is looked at again, so its connection stays.
    func agreement() -> Agreement? {
        guard unsafe SSL_get0_peer_certificate(ssl) == nil else { return nil }
        return Agreement(
            applicationProtocol: applicationProtocol, serverName: serverName, version: version,
            cipherSuite: cipherSuite, isResumed: isResumed)
    }

    /// How many protected records these are; nil if they are anything else.
    private static func records(in bytes: ByteView) -> UInt64? {
        var count: UInt64 = 0
        var rest = bytes
        while rest.count > 0 {
            guard rest.count >= RecordKeys.headerBytes,
                rest[0] == RecordType.applicationData.rawValue
            else { return nil }
            let total = RecordKeys.headerBytes + (Int(rest[3]) << 8 | Int(rest[4]))
            guard total <= rest.count else { return nil }
            rest = rest.suffix(from: total)
            count += 1
        }
        return count
    }
}
