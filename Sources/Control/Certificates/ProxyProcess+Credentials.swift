// Keeps certificates beside the configuration they belong to: read with it, handed over with it,
// and looked at again whenever something in their folders changes.
// A new certificate is live for new connections without a reload; open connections stay, but for
// those of clients that would not be let in any more.
internal import Mesh
internal import Proxy
internal import Spec

extension ProxyProcess {
    /// The certificates of a snapshot, as files and `objects` have them now.
    /// - Parameter objects: nil for those that are live.
    func readCredentials(of snapshot: Snapshot, objects: ObjectSet? = nil) -> Credentials {
        if let objects { secrets = objects.secrets }
        let found = CredentialReader(secrets, identity: keeper?.current).credentials(
            of: snapshot, known: trials)
        trials.forgetUnused()
        tellProblems(found.problems)
        credentials = found
        return found
    }

    /// Files of certificates may have changed though no resource did.
    func refreshCredentials(because cause: ReloadCause) {
        guard !credentials.folders.isEmpty || cause == .identity else { return }
        let before = credentials
        let found = readCredentials(of: live.snapshot)
        guard found != before else { return }
        let fresh = found.settings
        crew.tell { $0.replaceCredentials(fresh) }
        let changed =
            fresh.servers.filter { before.settings.servers[$0.key] != $0.value }.keys.sorted()
            + fresh.clients.filter { before.settings.clients[$0.key] != $0.value }.keys.sorted()
        log.info(
            "tls", "certificates changed: new connections get the new ones",
            [("by", cause.rawValue), ("chains", changed.joined(separator: ","))])
    }

    /// Each once, as long as it holds; and when it is over, that it is.
    private func tellProblems(_ problems: [CredentialProblem]) {
        // Of the proxy's own certificate its keeper tells, if there is one.
        let kept = keeper == nil ? nil : "\(TLSCredential.workload)"
        for problem in problems
        where problem.credential != kept && !credentials.problems.contains(problem) {
            log.error(
                "tls", "no certificate for \(problem.chain): handshakes fail",
                [
                    ("credential", problem.credential), ("reason", problem.reason),
                    ("by", "\(problem.origin.object)"), ("at", "\(problem.origin.location)"),
                ])
        }
        let ailing = Set(problems.map(\.chain))
        for old in credentials.problems
        where old.credential != kept && !ailing.contains(old.chain) {
            log.info("tls", "\(old.chain) is not without a certificate any more")
        }
    }
}
