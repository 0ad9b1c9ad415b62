// The page at `/`: what this process is doing, and where the details are.
// Plain HTML without a script: it changes things by posting forms, as everything else must.
internal import Mesh
internal import Net
internal import Proxy

enum IndexPage {
    static func render(_ process: ProxyProcess) -> String {
        let live = process.live
        var facts = [
            ("state", process.isReady ? "live" : process.state.rawValue.lowercased()),
            ("version", Version.text),
            ("up", "\(process.uptimeSeconds) s"),
            ("workers", "\(process.crew.count)"),
            (
                "configuration",
                "version \(live.snapshot.version), \(live.objectCount) objects from "
                    + "\(live.fileCount) files, "
                    + "live since \(TimeText.text(wallNs: live.sinceWallNs))"
            ),
            (
                "listeners",
                process.sockets.addresses.values.map { "\($0)" }.sorted().joined(separator: ", ")
            ),
            ("clusters", "\(live.snapshot.clusters.count)"),
            ("connections", "\(process.counts.connectionCount)"),
        ]
        if let refusal = live.refusal {
            facts.append(("refused change", refusal.reasons.joined(separator: "\n")))
        }
        let rows = facts.map { "<tr><th>\($0)</th><td>\(escaped($1))</td></tr>" }
        let paths = AdminPath.table.filter { $0.path != "/" }.map(row)
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Isthmus</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>\(style)</style></head><body>
            <h1>Isthmus</h1>
            <table>\(rows.joined(separator: "\n"))</table>
            <h2>Paths</h2>
            <table>\(paths.joined(separator: "\n"))</table>
            </body></html>

            """
    }

    private static func row(_ row: AdminPath) -> String {
        let path = escaped(row.path)
        let name =
            row.method == .change
            ? "<form method=\"post\" action=\"\(path)\"><button>\(path)</button></form>"
            : "<a href=\"\(path)\">\(path)</a>"
        let queries = row.queries.isEmpty ? "" : " <code>?\(escaped(row.queries))</code>"
        return "<tr><th>\(name)</th><td>\(escaped(row.help))\(queries)</td></tr>"
    }

    private static let style = """
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; \
        padding: 0 1em; color: #222; background: #fff }
        h1 { font-size: 1.5em } h2 { font-size: 1.1em }
        table { border-collapse: collapse; width: 100% }
        th { text-align: left; font-weight: 500; white-space: nowrap; vertical-align: top; \
        padding: .2em 1.5em .2em 0; width: 1% }
        td { white-space: pre-wrap; overflow-wrap: anywhere; padding: .2em 0 }
        tr { border-bottom: 1px solid #ddd } form { margin: 0 }
        button { font: inherit } code { color: #666 }
        @media (prefers-color-scheme: dark) {
        body { color: #ddd; background: #181818 } tr { border-color: #333 } a { color: #8bf } }
        """

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }
}
