// What a look-up of a host name brought, by address family.
// The families are kept apart because they fail apart: a resolver that answers A and stays silent
// about AAAA is common, and must cost neither the good half nor the time.

/// Why a name has no addresses.
public enum NameProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// NXDOMAIN
    case noSuchName
    /// The name exists and has no address of this family.
    case noAddress
    /// All its addresses are of a network this machine is not part of.
    case noRoute
    /// The resolver did not answer in time.
    case timeout
    /// The resolver, or one behind it, could not find out (SERVFAIL).
    case serverFailed
    /// The resolver does not answer us (REFUSED).
    case refused
    /// Nothing listens where resolvers should be, or all of several said SERVFAIL or REFUSED.
    case noResolver
    /// No name that could be looked up: a label too long, or an empty one.
    case badName
    /// The resolver's answer makes no sense.
    case badAnswer
    /// c-ares' number.
    case other(Int32)

    public var description: String {
        switch self {
        case .noSuchName: "there is no such name (NXDOMAIN)"
        case .noAddress: "the name has no address"
        case .noRoute: "there is no route to its IPv6 addresses"
        case .timeout: "the resolver did not answer in time"
        case .serverFailed: "the resolver could not find out (SERVFAIL)"
        case .refused: "the resolver refuses to answer (REFUSED)"
        case .noResolver: "no resolver answers (nothing listens there, or SERVFAIL or REFUSED)"
        case .badName: "this can be no name"
        case .badAnswer: "the resolver's answer makes no sense"
        case .other(let code): "the resolver library failed (c-ares \(code))"
        }
    }

    /// An answer of the zone itself, which holds: RFC 2308 calls it negative, not failed.
    public var isFinal: Bool {
        switch self {
        case .noSuchName, .noAddress, .noRoute: true
        default: false
        }
    }
}

/// One look-up's result.
public struct NameAnswer: Sendable, Equatable {
    public enum Family: Sendable, Equatable {
        /// At least one, with port 0. `ttlSeconds` is the smallest of the records that led there.
        case addresses([SocketAddress], ttlSeconds: UInt32)
        case none(NameProblem)
        /// Still asked for; another answer follows.
        case pending
    }

    public var v4: Family
    public var v6: Family

    public init(v4: Family, v6: Family) {
        self.v4 = v4
        self.v6 = v6
    }

    public var isComplete: Bool { v4 != .pending && v6 != .pending }

    var hasAddresses: Bool {
        for family in [v4, v6] { if case .addresses = family { return true } }
        return false
    }
}
