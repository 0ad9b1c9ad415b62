// What an authority that is always running does by itself, so that nobody needs a timer for it.
public import PKI

extension Authority {
    /// Makes fresh revocation lists where one of those that can be made here has less than half of
    /// its life left, or is missing.
    ///
    /// - Returns: whether it did.
    public func refreshListsIfDue(at now: UnixTime = .now) throws(AuthorityError) -> Bool {
        let isDue = try settled { () throws(AuthorityError) in
            let issuers = try ledger.everyIssuer()
            let present = try presentLists().map { (list: $0, owner: $0.owner(among: issuers)) }
            let signers = try signers()
            return signers.keys.contains { key in
                guard let list = present.first(where: { $0.owner == key })?.list else {
                    return true
                }
                return (list.nextUpdate - now) * 2 < list.nextUpdate - list.thisUpdate
            }
        }
        guard isDue else { return false }
        try refreshLists(at: now)
        return true
    }
}
