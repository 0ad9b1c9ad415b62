// Decodes Secret. What is said about a value names its key and never the value, not even the few
// characters that other kinds' messages quote.

extension FieldReader {
    func secret(_ parts: ObjectParts) -> Secret {
        var type = ""
        var encoded: [Secret.Entry: [UInt8]] = [:]
        var plain: [Secret.Entry: [UInt8]] = [:]
        var fields = open(parts.root, .secret)
        while let (name, value) = next(&fields) {
            switch name {
            case "type": type = sharedString(value)
            case "data": encoded = secretValues(value, isEncoded: true)
            case "stringData": plain = secretValues(value, isEncoded: false)
            case "immutable": break
            default: unread(name, fields)
            }
        }
        return Secret(
            metadata: parts.metadata, source: parts.source, type: type,
            values: encoded.merging(plain) { $1 })
    }

    /// A value that cannot be used is a warning: one broken Secret must not keep every other server
    /// from its certificate.
    private func secretValues(_ node: NodeID, isEncoded: Bool) -> [Secret.Entry: [UInt8]] {
        guard tree.kind(node) == .mapping else {
            report(
                .warning, at: node, "a mapping is needed here; it is ignored",
                "write `key: value`, one a line")
            return [:]
        }
        var values: [Secret.Entry: [UInt8]] = [:]
        for (key, value) in pairs(node) {
            let name = tree.string(key)
            guard let entry = Secret.Entry(rawValue: name), !tree.isNull(value) else { continue }
            guard tree.kind(value) == .text || tree.kind(value) == .plain else {
                report(.warning, at: value, "`\(name)` is no text; it is ignored")
                continue
            }
            guard isEncoded else {
                values[entry] = Array(tree.string(value).utf8)
                continue
            }
            // As Go's decoder: line ends inside of it are nothing.
            let text = tree.string(value).utf8.filter { $0 > UInt8(ascii: " ") }
            guard let bytes = Base64.decode(text) else {
                report(
                    .warning, at: value, "`\(name)` is not base64; it is ignored",
                    "encode it with `base64 -w0`, or write it under `stringData` as it is")
                continue
            }
            values[entry] = bytes
        }
        return values
    }
}
