// An authority, its service and keepers of identities, all on one loop that a test turns.
import Authority
import Foundation
import Net
import PKI
import Testing

@testable import Control

final class Registry {
    let folder: URL
    let loop: Loop
    let log = Log(level: .off)
    let authority: Authority
    private(set) var server: AuthorityServer?
    private(set) var address = SocketAddress.v4(0x7F00_0001, port: 0)

    init(_ change: (inout AuthorityPlan) -> Void = { _ in }) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-registry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        loop = try Loop()
        var plan = AuthorityPlan(trustDomain: .clusterLocal)
        change(&plan)
        authority = try Authority.create(
            path: folder.appending(path: "certs").path(), plan: plan)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var certs: String { folder.appending(path: "certs").path() }
    var rootsPath: String { certs + "/root-cert.pem" }

    /// At the same port again, once it had one.
    func serve(_ change: (inout AuthorityServer.Options) -> Void = { _ in }) throws {
        var options = AuthorityServer.Options()
        change(&options)
        let made = try AuthorityServer(
            try Authority.open(path: certs), options: options, loop: loop, log: log)
        address = try made.listen(on: address)
        server = made
    }

    func goAway() {
        server?.stop()
        server = nil
    }

    func token(_ account: String = "reviews") throws -> String {
        try authority.token(for: Self.workload(account).identity(in: .clusterLocal)).text
    }

    static func workload(_ account: String = "reviews") throws -> WorkloadName {
        try WorkloadName(namespace: "default", serviceAccount: account)
    }

    func contact(
        token: String? = nil, _ change: (inout AuthorityContact) -> Void = { _ in }
    ) throws -> AuthorityContact {
        var contact = AuthorityContact(
            address: "\(address)", rootsPath: rootsPath, workload: try Self.workload(),
            token: token.map { .text($0) })
        contact.refreshSeconds = 1
        change(&contact)
        return contact
    }

    func keeper(_ contact: AuthorityContact) -> IdentityKeeper {
        IdentityKeeper(.authority(contact), loop: loop, log: log)
    }

    /// Turns the loop until `condition` holds.
    func turn(
        until what: Comment, seconds: Double = 20, _ condition: @escaping () -> Bool,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let turn = Turn(loop: loop, seconds: seconds, condition)
        turn.timerFired(tag: 0)
        loop.run()
        try #require(turn.isMet, what, sourceLocation: location)
    }

    /// Turns the loop for a while, to see that something does not happen.
    func turn(milliseconds: UInt64) throws {
        let end = Machine.monotonicNs + milliseconds * 1_000_000
        try turn(until: "time to pass") { Machine.monotonicNs >= end }
    }
}

private final class Turn: TimerTarget {
    private let loop: Loop
    private let condition: () -> Bool
    private let endNs: UInt64
    private(set) var isMet = false

    init(loop: Loop, seconds: Double, _ condition: @escaping () -> Bool) {
        self.loop = loop
        self.condition = condition
        endNs = Machine.monotonicNs + UInt64(seconds * 1e9)
    }

    override func timerFired(tag: UInt8) {
        isMet = condition()
        // Also when it holds at once: `stop` counts for a loop that runs.
        if isMet || Machine.monotonicNs > endNs {
            loop.mailbox.post { $0.stop() }
        } else {
            _ = loop.timers.schedule(afterMs: 2, target: self, tag: 0)
        }
    }
}
