// What the commands of the authority take: lifetimes, kinds of key, names.
public import ArgumentParser
public import Authority
public import PKI

extension KeyAlgorithm: ExpressibleByArgument {}

extension Lifetime: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }

    public var defaultValueDescription: String { description }
}

extension RevocationReason: ExpressibleByArgument {
    public init?(argument: String) { self.init(title: argument) }

    public static var allValueStrings: [String] { allCases.map(\.title) }

    public var defaultValueDescription: String { title }
}

/// A host name or an IP address, as `--gateway` takes both.
enum HostOrAddress {
    case host(DNSName)
    case address([UInt8])

    init(_ text: String) throws {
        if let bytes = try? IPAddress.bytes(text) {
            self = .address(bytes)
        } else {
            self = .host(try DNSName(text))
        }
    }
}
