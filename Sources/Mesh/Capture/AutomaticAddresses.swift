// Addresses for hosts that have none, so that a connection to one can be told by where it goes.
// Istio keeps what it gave out in the object's status; here the name decides, so that every proxy
// gives the same ones and a restart changes nothing.
internal import Spec

/// By host, 240.240.0.0/16 (Istio's ip_autoallocation): reserved by RFC 1112, routed nowhere.
struct AutomaticAddresses {
    private(set) var addresses: [String: String] = [:]

    /// Of two names that fall on one address the first in the alphabet has it, and the other the
    /// next that is free: only such neighbours depend on each other.
    init(_ hosts: some Sequence<String>) {
        var taken: Set<UInt32> = []
        for host in Set(hosts).sorted() {
            guard taken.count < Int(Self.count) else { return }
            var place = Self.hash(host) % Self.count
            while !taken.insert(place).inserted { place = (place + 1) % Self.count }
            // .0.0 is the network's own name, and people take .255.255 for its broadcast.
            let number = place + 1
            addresses[host] = "240.240.\(number >> 8).\(number & 255)"
        }
    }

    private static let count: UInt32 = 0xfffe

    /// FNV-1a, 32 bits, folded: it has to be the same in every process, unlike Swift's own.
    private static func hash(_ text: String) -> UInt32 {
        var value: UInt32 = 2_166_136_261
        for byte in text.utf8 { value = (value ^ UInt32(byte)) &* 16_777_619 }
        return value ^ value >> 16
    }
}

extension AddressBlock {
    /// Addresses that were given out to tell hosts apart by: 240.240.0.0/16, where nobody is.
    public static let automatic = AddressBlock(high: 0, low: 0xffff_f0f0_0000, length: 112)
}

extension RegisteredService {
    /// Whether Istio would give it an automatic address: a name there can be one connection for,
    /// and no address of its own.
    var wantsAutomaticAddress: Bool {
        guard writtenAddresses.isEmpty, externalName.isEmpty else { return false }
        switch description {
        case .kubernetes: return !HostName.isWild(host)
        case .entries(let entries):
            return entries.allSatisfy {
                $0.resolution != .none
                    // Of names under a wildcard only those that requests name are looked up.
                    && (!HostName.isWild(host) || $0.resolution == .dynamicDNS)
                    && $0.metadata.labels["networking.istio.io/enable-autoallocate-ip"] != "false"
            }
        }
    }

    /// Addresses and blocks of addresses as written.
    var writtenAddresses: [String] {
        switch description {
        case .kubernetes: addresses
        case .entries(let entries): entries.flatMap(\.addresses).map(\.value)
        }
    }
}
