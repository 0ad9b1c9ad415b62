// Forgets the keys of retired issuers once nobody needs their revocation lists.
// A key that is of no more use is only something to be stolen.
internal import PKI

extension Authority {
    /// Inside of `settled`, before lists are made.
    ///
    /// - Returns: names of files that must not be there, those of earlier times included.
    func pruneIssuers(at now: UnixTime) throws(AuthorityError) -> [String] {
        for entry in try ledger.issuers() {
            guard entry.role == .intermediate, entry.state == .retired else { continue }
            // What was plugged in may have signed things that this ledger has never seen.
            let isOurs = try ledger.entry(entry.certificate.serial) != nil
            let last = isOurs ? try ledger.lastExpiry(of: entry.key) : entry.certificate.notAfter
            // One list is made after the last certificate's end (RFC 5280 section 3.3).
            let end = (last ?? UnixTime(0)) + AuthorityLimits.listLifetime.seconds
            if end < now {
                try ledger.set(entry.key, .gone)
            }
        }
        return try ledger.everyIssuer().filter { $0.state == .gone }
            .map { AuthorityFile.retiredKey($0.key) }
    }
}
