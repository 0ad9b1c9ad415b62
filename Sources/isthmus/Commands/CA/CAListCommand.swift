// `isthmus ca list`: everything that was ever signed, and what became of it.
import ArgumentParser
import Authority
import Control
import PKI

struct CAListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List certificates with their state and expiry, the soonest to expire first.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, wide, json, name }
    enum State: String, ExpressibleByArgument, CaseIterable {
        case valid, expired, revoked, reserved
    }

    @OptionGroup var options: CAOptions

    @Option(name: .shortAndLong, help: "table, wide, json or name.")
    var output = Format.table

    @Option(help: "Only certificates in this state; can be given again.")
    var state: [State] = []

    func run() throws {
        try certifying {
            let now = UnixTime.now
            let wanted = Set(state.map(\.rawValue))
            let entries = try options.open().entries()
                .filter { wanted.isEmpty || wanted.contains($0.status(at: now)) }
            switch output {
            case .json:
                Output.data(JSON.array(entries.map { $0.json(at: now) }).prettyBytes)
            case .name:
                Output.data(entries.map { "\($0.serial)\n" }.joined())
            case .table, .wide:
                Output.data(table(entries, at: now))
            }
        }
    }

    private func table(_ entries: [LedgerEntry], at now: UnixTime) -> String {
        let isWide = output == .wide
        var rows = [["SERIAL", "KIND", "STATE", "EXPIRES", "LEFT", "NAME"]]
        if isWide { rows[0] += ["NAMES", "ISSUER", "SHA256"] }
        for entry in entries {
            let left = entry.notAfter - now
            var row = [
                entry.serial.description, entry.kind.rawValue, entry.status(at: now),
                entry.notAfter.description, left < 0 ? "-" : Lifetime(seconds: left).description,
                entry.name,
            ]
            if isWide {
                row += [
                    entry.names.isEmpty ? "-" : entry.names.joined(separator: ","), entry.issuer,
                    entry.fingerprint ?? "-",
                ]
            }
            rows.append(row)
        }
        let widths = rows[0].indices.map { column in
            rows.map { $0[column].utf8.count }.max() ?? 0
        }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.utf8.count)
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}

extension LedgerEntry {
    func json(at now: UnixTime) -> JSON {
        var members: [(String, JSON)] = [
            ("serial", JSON(serial.description)), ("kind", JSON(kind.rawValue)),
            ("state", JSON(status(at: now))), ("name", JSON(name)),
            ("names", .array(names.map { JSON($0) })),
            ("notBefore", JSON(notBefore.description)), ("notAfter", JSON(notAfter.description)),
            ("issuer", JSON(issuer)), ("sha256", fingerprint.map { JSON($0) } ?? .null),
        ]
        if case .revoked(let time, let reason) = state {
            members.append(("revokedAt", JSON(time.description)))
            members.append(("reason", JSON(reason.title)))
        }
        return .object(members)
    }
}
