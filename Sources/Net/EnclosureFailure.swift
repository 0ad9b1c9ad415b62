// Why a command cannot have namespaces of its own, in words of what is missing.
// Each step of the keeper has one reason that people meet, and one thing to do about it.
internal import CLinux
internal import Glibc

public struct EnclosureFailure: Error, CustomStringConvertible, Sendable {
    public enum Step: Sendable {
        case process, namespaces, identity, mounts, loopback, route, rulesProgram, rules
    }

    public let step: Step
    public let errno: Int32
    /// What nft said.
    let told: String

    init(_ word: isthmus_enclosure_word) {
        switch Int(word.step) {
        case Int(ISTHMUS_ENCLOSURE_NAMESPACES.rawValue): step = .namespaces
        case Int(ISTHMUS_ENCLOSURE_IDENTITY.rawValue): step = .identity
        case Int(ISTHMUS_ENCLOSURE_MOUNTS.rawValue): step = .mounts
        case Int(ISTHMUS_ENCLOSURE_LOOPBACK.rawValue): step = .loopback
        case Int(ISTHMUS_ENCLOSURE_ROUTE.rawValue): step = .route
        case Int(ISTHMUS_ENCLOSURE_RULES_PROGRAM.rawValue): step = .rulesProgram
        case Int(ISTHMUS_ENCLOSURE_RULES.rawValue): step = .rules
        default: step = .process
        }
        errno = word.value
        var text = word.text
        told = unsafe withUnsafeBytes(of: &text) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private var reason: String { NetError.text(errno) }

    public var description: String {
        switch step {
        case .process: "no process to stand in a namespace: \(reason)"
        case .namespaces:
            "no network namespace (\(reason)): it takes CAP_SYS_ADMIN, so run with sudo, or a "
                + "kernel that lets users have namespaces (sysctl user.max_user_namespaces, "
                + "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)"
        case .identity: "the user cannot be kept in a user namespace: \(reason)"
        case .mounts:
            "/etc/resolv.conf cannot be another in a mount namespace (\(reason)): it takes "
                + "CAP_SYS_ADMIN"
        case .loopback: "the namespace's loopback device stays down (\(reason)): CAP_NET_ADMIN"
        case .route: "the namespace gets no route (\(reason)): it takes CAP_NET_ADMIN"
        case .rulesProgram:
            "nft is not to be had (\(reason)): install the package nftables"
        case .rules:
            "nft refused the rules of the namespace: "
                + (told.split(separator: "\n").first.map(String.init) ?? reason)
        }
    }
}
