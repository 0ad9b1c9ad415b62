// Where a workload finds its identity: certificate chain, key and roots in one folder.
// Istio's names for the files of a machine (`/etc/certs`), so that its agents' users know them.
public import PKI

public struct IdentityFolder: Sendable {
    public let path: String
    private let folder: Folder

    public init(path: String) {
        self.path = path
        folder = Folder(path: path)
    }

    public static let chainName = AuthorityFile.workloadChain
    public static let keyName = AuthorityFile.workloadKey
    public static let rootsName = AuthorityFile.workloadRoots
    public static let listsName = AuthorityFile.lists

    /// Refuses a folder in which there is one already, before anything is issued for it.
    ///
    /// - Parameter besideKey: whether the key may lie there, for its owner made it.
    public func refuseOccupied(besideKey: Bool = false) throws(AuthorityError) {
        let names = [Self.chainName, Self.rootsName] + (besideKey ? [] : [Self.keyName])
        for name in names where folder.contains(name) {
            throw .exists(path: folder.path(of: name))
        }
    }

    /// Writes a new identity; nothing is overwritten.
    ///
    /// - Parameter key: nil where its owner kept it and sent a request.
    public func create(
        _ issued: IssuedCertificate, key: PrivateKey?
    ) throws(AuthorityError) {
        try folder.make()
        try refuseOccupied(besideKey: key == nil)
        try write(issued, key: key)
    }

    /// Puts a new identity over an old one: roots, then key, then chain. Each file is replaced
    /// whole, but a reader can come between two: one that finds a key that does not fit its chain
    /// must read again.
    public func replace(
        _ issued: IssuedCertificate, key: PrivateKey?
    ) throws(AuthorityError) {
        try write(issued, key: key)
    }

    /// The chain that is there, leaf first.
    public func chain() throws(AuthorityError) -> [Certificate] {
        let path = folder.path(of: Self.chainName)
        guard let bytes = try folder.read(Self.chainName) else {
            throw .file(operation: "read", path: path, code: 0, reason: "there is no such file")
        }
        do throws(PKIError) {
            return try Certificate.parse(pem: bytes)
        } catch {
            throw .badFile(path: path, error)
        }
    }

    /// Every file as it is, PEM. One of them can be newer than the others: whoever finds a key that
    /// does not fit its chain reads again.
    ///
    /// - Throws: where the chain, the key or the roots are missing.
    public func read() throws(AuthorityError) -> IdentityFiles {
        func required(_ name: String) throws(AuthorityError) -> [UInt8] {
            if let bytes = try folder.read(name) { return bytes }
            throw .file(
                operation: "read", path: folder.path(of: name), code: 0,
                reason: "there is no such file")
        }
        return IdentityFiles(
            chain: try required(Self.chainName), key: try required(Self.keyName),
            roots: try required(Self.rootsName), lists: try folder.read(Self.listsName) ?? [])
    }

    /// Puts files over those that are there, in the order of `replace(_:key:)`, the lists first.
    public func replace(_ files: IdentityFiles) throws(AuthorityError) {
        try folder.make()
        if files.lists.isEmpty {
            try folder.remove(Self.listsName)
        } else {
            try folder.replace(Self.listsName, with: files.lists, access: .everybody)
        }
        try folder.replace(Self.rootsName, with: files.roots, access: .everybody)
        try folder.replace(Self.keyName, with: files.key, access: .owner)
        try folder.replace(Self.chainName, with: files.chain, access: .everybody)
    }

    /// Whether the key lies beside the chain.
    public var hasKey: Bool { folder.contains(Self.keyName) }

    private func write(
        _ issued: IssuedCertificate, key: PrivateKey?
    ) throws(AuthorityError) {
        try folder.replace(Self.rootsName, with: issued.rootsPEM, access: .everybody)
        if let key {
            let text = try AuthorityError.wrapping { () throws(PKIError) in try key.pem() }
            try folder.replace(Self.keyName, with: text, access: .owner)
        }
        try folder.replace(Self.chainName, with: issued.chainPEM, access: .everybody)
    }
}
