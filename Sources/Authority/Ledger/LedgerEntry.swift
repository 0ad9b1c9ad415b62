// One certificate as the ledger keeps it: whose it is, until when, and what became of it.
public import PKI

public struct LedgerEntry: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case workload, gateway, intermediate, root
    }

    public enum State: Sendable, Equatable {
        /// Written down, and not known to be signed: a process ended in between, or is at it now.
        case reserved
        case issued
        case revoked(UnixTime, RevocationReason)
    }

    public let serial: SerialNumber
    /// The identifier of the issuer's key, hexadecimal.
    public let issuer: String
    public let kind: Kind
    public let state: State
    /// What a person looks for: the SPIFFE id, the first host, or the subject.
    public let name: String
    /// Every subject alternative name, as `DNS:...`, `IP:...` or `URI:...`.
    public let names: [String]
    public let notBefore: UnixTime
    public let notAfter: UnixTime
    /// SHA-256 of the certificate, hexadecimal; nil while it is only reserved.
    public let fingerprint: String?
}

extension LedgerEntry {
    static let columns =
        "serial, issuer, kind, state, name, names, not_before, not_after, fingerprint, "
        + "revoked_at, reason"

    /// A row of `columns`; nil for one that no version of this program writes.
    init?(_ row: [SQLValue]) {
        guard row.count == 11, let serial = row[0].text.flatMap({ SerialNumber($0) }),
            let issuer = row[1].text, let kind = row[2].text.flatMap(Kind.init),
            let name = row[4].text, let names = row[5].text, let notBefore = row[6].integer,
            let notAfter = row[7].integer
        else { return nil }
        switch row[3].text {
        case "reserved": state = .reserved
        case "issued": state = .issued
        case "revoked":
            guard let time = row[9].integer,
                let reason = row[10].integer.flatMap({ UInt8(exactly: $0) })
                    .flatMap(RevocationReason.init)
            else { return nil }
            state = .revoked(UnixTime(time), reason)
        default: return nil
        }
        self.serial = serial
        self.issuer = issuer
        self.kind = kind
        self.name = name
        self.names = names.split(separator: " ").map(String.init)
        self.notBefore = UnixTime(notBefore)
        self.notAfter = UnixTime(notAfter)
        fingerprint = row[8].text
    }

    /// A new entry, reserved.
    init(template: CertificateTemplate, issuer: String, kind: Kind, name: String) {
        serial = template.serial
        self.issuer = issuer
        self.kind = kind
        state = .reserved
        self.name = name
        names = template.names.map(\.description)
        notBefore = template.notBefore
        notAfter = template.notAfter
        fingerprint = nil
    }

    /// Whether somebody could use it now.
    public func isLive(at time: UnixTime) -> Bool {
        if case .revoked = state { return false }
        return time <= notAfter
    }

    /// `reserved`, `valid`, `expired` or `revoked`.
    public func status(at time: UnixTime) -> String {
        switch state {
        case .revoked: "revoked"
        case .reserved: time > notAfter ? "expired" : "reserved"
        case .issued: time > notAfter ? "expired" : "valid"
        }
    }
}
