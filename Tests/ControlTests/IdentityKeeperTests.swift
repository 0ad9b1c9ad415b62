// A keeper and a service, over real sockets: enrolment, renewal, and everything that goes wrong.
import Authority
import Foundation
import Net
import PKI
import TLS
import Testing

@testable import Control

@Suite("keeping an identity", .serialized) struct IdentityKeeperTests {
    @Test("it enrols by token, and is told once")
    func enrols() throws {
        let registry = try Registry()
        try registry.serve()
        let keeper = registry.keeper(try registry.contact(token: registry.token()))
        var told = 0
        keeper.onChange = { _ in told += 1 }
        keeper.start()
        #expect(keeper.current == nil)
        try registry.turn(until: "an identity") { keeper.current != nil }
        let identity = try #require(keeper.current)
        #expect("\(identity.spiffeID)" == "spiffe://cluster.local/ns/default/sa/reviews")
        #expect(!identity.revocations.isEmpty)
        #expect(try Certificate.parse(pem: identity.roots) == registry.authority.bundle())
        let chain = try Certificate.parse(pem: identity.identity.chain)
        _ = try registry.authority.verify(chain, expecting: .anyWorkload, path: "")
        #expect(keeper.status.requests == 1 && keeper.status.failures == 0)
        #expect(keeper.status.renewals == 0 && told == 1)
        let renewAt = try #require(keeper.status.renewAt)
        #expect(abs((identity.notAfter - renewAt) - 43200) <= 864 + 2)
        keeper.stop()
    }

    @Test("it renews at half life with another key and without a token, again and again")
    func renews() throws {
        let registry = try Registry()
        try registry.serve()
        let keeper = registry.keeper(
            try registry.contact(token: registry.token()) { $0.lifetime = Lifetime(seconds: 4) })
        var keys: Set<[UInt8]> = []
        keeper.onChange = { keys.insert($0.identity.key) }
        keeper.start()
        try registry.turn(until: "two renewals") { keeper.status.renewals >= 2 }
        #expect(keys.count >= 3)
        #expect(keeper.status.failures == 0)
        #expect(registry.server?.counts.tokensUsed == 1)
        keeper.stop()
    }

    @Test("while the authority is away the old certificate is served; when it is back, a new one")
    func away() throws {
        let registry = try Registry()
        try registry.serve()
        let keeper = registry.keeper(
            try registry.contact(token: registry.token()) { $0.lifetime = Lifetime(seconds: 20) })
        keeper.start()
        try registry.turn(until: "an identity") { keeper.current != nil }
        let first = try #require(keeper.current)
        registry.goAway()
        keeper.renewNow()
        try registry.turn(until: "failures") { keeper.status.failures >= 2 }
        #expect(keeper.current?.identity == first.identity)
        #expect(keeper.status.lastProblem?.kind == .unreachable)
        try registry.serve()
        try registry.turn(until: "a renewal") { keeper.status.renewals == 1 }
        #expect(keeper.current?.identity != first.identity)
        #expect(keeper.status.lastProblem == nil)
        keeper.stop()
    }

    @Test("an authority that comes later than the workload is waited for")
    func lateAuthority() throws {
        let registry = try Registry()
        try registry.serve()
        registry.goAway()
        let keeper = registry.keeper(try registry.contact(token: registry.token()))
        keeper.start()
        try registry.turn(until: "a failure") { keeper.status.failures >= 1 }
        try registry.serve()
        try registry.turn(until: "an identity") { keeper.current != nil }
        keeper.stop()
    }

    @Test("a restart needs no token where the identity is kept, and the key is its owner's alone")
    func kept() throws {
        let registry = try Registry()
        try registry.serve()
        let kept = registry.folder.appending(path: "kept").path()
        let first = registry.keeper(
            try registry.contact(token: registry.token()) { $0.folder = kept })
        first.start()
        try registry.turn(until: "an identity") { first.current != nil }
        first.stop()
        let facts = try FileManager.default.attributesOfItem(atPath: kept + "/key.pem")
        #expect(facts[.posixPermissions] as? Int == 0o600)

        let second = registry.keeper(try registry.contact { $0.folder = kept })
        second.start()
        #expect(second.current == first.current, "there at once")
        second.renewNow()
        try registry.turn(until: "a renewal") { second.status.renewals == 1 }
        second.stop()
        // The folder is one that `--identity` without an authority takes as well.
        let reader = IdentityKeeper(.folder(kept), loop: registry.loop, log: registry.log)
        reader.start()
        #expect(reader.current == second.current)
        reader.stop()
    }

    @Test("a kept identity of somebody else is not taken")
    func keptByAnother() throws {
        let registry = try Registry()
        try registry.serve()
        let kept = registry.folder.appending(path: "kept").path()
        let other = registry.keeper(
            try registry.contact(token: registry.token("ratings")) {
                $0.folder = kept
                $0.workload = (try? Registry.workload("ratings")) ?? $0.workload
            })
        other.start()
        try registry.turn(until: "an identity") { other.current != nil }
        other.stop()
        let keeper = registry.keeper(try registry.contact { $0.folder = kept })
        keeper.start()
        #expect(keeper.current == nil)
        keeper.stop()
    }

    @Test("a used token and a missing one are told apart, and a new one is found in its file")
    func tokens() throws {
        let registry = try Registry()
        try registry.serve()
        let file = registry.folder.appending(path: "token")
        let used = try registry.token()
        let first = registry.keeper(try registry.contact(token: used))
        first.start()
        try registry.turn(until: "an identity") { first.current != nil }
        first.stop()

        try used.write(to: file, atomically: true, encoding: .utf8)
        let keeper = registry.keeper(
            try registry.contact { $0.token = .file(file.path()) })
        keeper.start()
        try registry.turn(until: "a refusal") { keeper.status.lastProblem?.kind == .refused }
        try FileManager.default.removeItem(at: file)
        try registry.turn(until: "no token") { keeper.status.lastProblem?.kind == .noToken }
        try (registry.token() + "\n").write(to: file, atomically: true, encoding: .utf8)
        try registry.turn(until: "an identity") { keeper.current != nil }
        keeper.stop()
    }

    @Test("one that is let go without being stopped leaves nothing behind that fires")
    func letGo() throws {
        let registry = try Registry()
        try registry.serve()
        for source in [
            IdentitySource.authority(try registry.contact(token: registry.token())),
            .folder(registry.certs),
        ] {
            var keeper: IdentityKeeper? = IdentityKeeper(
                source, loop: registry.loop, log: registry.log)
            keeper?.start()
            try registry.turn(milliseconds: 3)
            weak let gone = keeper
            keeper = nil
            #expect(gone == nil)
            try registry.turn(milliseconds: 200)
        }
    }

    @Test("a certificate for another workload than was asked for is not taken")
    func wrongWorkload() throws {
        let registry = try Registry()
        try registry.serve()
        let keeper = registry.keeper(try registry.contact(token: registry.token("ratings")))
        keeper.start()
        try registry.turn(until: "a problem") { keeper.status.lastProblem != nil }
        #expect(keeper.current == nil)
        #expect(keeper.status.lastProblem?.description.contains("sa/ratings") == true)
        keeper.stop()
    }

    @Test("an authority that the known roots do not lead to gets no token")
    func falseAuthority() throws {
        let registry = try Registry()
        let other = try Registry()
        try registry.serve()
        let keeper = registry.keeper(
            try registry.contact(token: registry.token()) { $0.rootsPath = other.rootsPath })
        keeper.start()
        try registry.turn(until: "a problem") { keeper.status.lastProblem != nil }
        #expect(keeper.status.lastProblem?.kind == .untrusted)
        #expect(registry.server?.counts.requests == 0)
        keeper.stop()
        let misnamed = registry.keeper(
            try registry.contact(token: registry.token()) { $0.serverName = "ca.example" })
        misnamed.start()
        try registry.turn(until: "a problem") { misnamed.status.lastProblem != nil }
        #expect(misnamed.status.lastProblem?.kind == .untrusted)
        misnamed.stop()
    }

    @Test("a revoked workload is told so, keeps what it has, and comes back by a new token")
    func revoked() throws {
        let registry = try Registry()
        try registry.serve()
        let file = registry.folder.appending(path: "token")
        try registry.token().write(to: file, atomically: true, encoding: .utf8)
        let keeper = registry.keeper(try registry.contact { $0.token = .file(file.path()) })
        keeper.start()
        try registry.turn(until: "an identity") { keeper.current != nil }
        let first = try #require(keeper.current)
        let leaf = try Certificate.parse(pem: first.identity.chain)[0]
        _ = try registry.authority.revoke(.serial(leaf.serial), reason: .keyCompromise)
        try registry.turn(until: "the new list") {
            keeper.current?.revocations != first.revocations
        }
        keeper.renewNow()
        try registry.turn(until: "a refusal") { keeper.status.lastProblem?.kind == .refused }
        #expect(keeper.current?.identity == first.identity)
        try registry.token().write(to: file, atomically: true, encoding: .utf8)
        try registry.turn(until: "another identity") {
            keeper.current?.identity != first.identity
        }
        keeper.stop()
    }

    @Test("a new root is learned while the old one is in use, and nothing restarts")
    func rotation() throws {
        let registry = try Registry()
        try registry.serve()
        let keeper = registry.keeper(try registry.contact(token: registry.token()))
        keeper.start()
        try registry.turn(until: "an identity") { keeper.current != nil }
        let old = try #require(keeper.current)
        let other = try Authority.open(path: registry.certs)
        _ = try other.rotateIssuer()
        _ = try other.rotateRoot()
        try registry.turn(until: "both roots") {
            (try? Certificate.parse(pem: keeper.current?.roots ?? []).count) == 2
        }
        #expect(keeper.current?.identity == old.identity, "the certificate stays")
        keeper.renewNow()
        try registry.turn(until: "a renewal") { keeper.status.renewals == 1 }
        let new = try #require(keeper.current)
        // Whoever knows only the old root believes the new chain.
        let chain = try Certificate.parse(pem: new.identity.chain)
        let store = try TrustStore(roots: try Certificate.parse(pem: old.roots))
        #expect(throws: Never.self) {
            try store.verify(chain[0], intermediates: Array(chain.dropFirst()), at: .now)
        }
        #expect(keeper.status.failures == 0)
        keeper.stop()
    }

    @Test("files that are replaced are live, and files that do not fit are not")
    func folder() throws {
        let registry = try Registry()
        let path = registry.folder.appending(path: "identity").path()
        let folder = IdentityFolder(path: path)
        func issued(_ key: PrivateKey) throws -> IssuedCertificate {
            try registry.authority.issue(
                LeafRequest(
                    .workload(
                        try Registry.workload().identity(in: .clusterLocal), hosts: [],
                        addresses: []), key: try key.publicKey))
        }
        let key = try PrivateKey.generate(.p256)
        let keeper = IdentityKeeper(.folder(path), loop: registry.loop, log: registry.log)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        keeper.start()
        #expect(keeper.current == nil && keeper.status.lastProblem != nil)
        try folder.create(issued(key), key: key)
        try registry.turn(until: "the files") { keeper.current != nil }
        let first = keeper.current
        let next = try PrivateKey.generate(.p256)
        try folder.replace(issued(next), key: nil)
        try registry.turn(until: "a complaint") { keeper.status.lastProblem != nil }
        #expect(keeper.current == first, "a chain for another key is not taken")
        try folder.replace(issued(next), key: next)
        try registry.turn(until: "the new files") { keeper.current != first }
        #expect(keeper.status.lastProblem == nil && keeper.status.renewals == 1)
        keeper.stop()
    }

    @Test("host names are looked up, and what has none is said")
    func names() throws {
        let registry = try Registry()
        try registry.serve()
        let port = registry.address.port
        let keeper = registry.keeper(
            try registry.contact(token: registry.token()) { $0.address = "localhost:\(port)" })
        keeper.start()
        // `localhost` may be ::1 first, where nobody listens; the next attempt takes the other.
        try registry.turn(until: "an identity") { keeper.current != nil }
        keeper.stop()
        let lost = registry.keeper(
            try registry.contact(token: registry.token()) { $0.address = "no.such.invalid:1" })
        lost.start()
        try registry.turn(until: "a problem", seconds: 60) { lost.status.lastProblem != nil }
        #expect(lost.status.lastProblem?.kind == .unreachable)
        lost.stop()
        for bad in ["", "host", "host:", "host:x", "host:0", ":15012", "::1:15012", "a:b:1"] {
            let contact = try registry.contact { $0.address = bad }
            #expect(throws: IdentityProblem.self, "\(bad)") { try contact.hostAndPort() }
        }
        let v6 = try registry.contact { $0.address = "[::1]:15012" }.hostAndPort()
        #expect(v6.host == "::1" && v6.port == 15012)
    }
}
