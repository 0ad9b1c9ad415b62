// One line of a revocation list.

public struct Revocation: Sendable, Hashable {
    public let serial: SerialNumber
    public let time: UnixTime
    /// `unspecified` where the list gives none, which is how that reason is written
    /// (RFC 5280 section 5.3.1).
    public let reason: RevocationReason

    public init(serial: SerialNumber, time: UnixTime, reason: RevocationReason) {
        self.serial = serial
        self.time = time
        self.reason = reason
    }
}
