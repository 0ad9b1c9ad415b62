// Connection and the other hop-by-hop fields (RFC 9110 section 7.6.1): what they ask for, and which
// fields therefore are not passed on.
import Net

/// What the Connection fields of a head said.
struct ConnectionOptions {
    /// More than any sender has use for. Each is looked for among all fields, so that a head full
    /// of them would cost their product.
    static let countMax = 100

    var count = 0
    var close = false
    var keepAlive = false
    var upgrade = false
}

extension Head {
    /// Reads one Connection field: sets options, and drops the fields it names. Fields that decide
    /// framing or routing are never dropped because a peer says so.
    func applyConnectionField(_ field: HeaderField, to options: inout ConnectionOptions) {
        let value = bytes.readable.slice(Int(field.valueStart), Int(field.valueLength))
        var start = 0
        while start <= value.count {
            let comma = value.index(of: 0x2c, from: start)
            let end = comma < 0 ? value.count : comma
            let token = value.slice(start, end - start).trimmed()
            options.count += 1
            if options.count > ConnectionOptions.countMax { return }
            if token.equalsIgnoringCase("close") {
                options.close = true
            } else if token.equalsIgnoringCase("keep-alive") {
                options.keepAlive = true
            } else if token.equalsIgnoringCase("upgrade") {
                options.upgrade = true
            } else if token.count > 0 {
                dropNominated(token)
            }
            start = end + 1
        }
    }

    private func dropNominated(_ name: ByteView) {
        for index in fields.indices {
            switch fields[index].id {
            case .host, .contentLength, .transferEncoding: continue
            default:
                if self.name(fields[index]).equalsIgnoringCase(name) {
                    fields[index].isDropped = true
                }
            }
        }
    }
}
