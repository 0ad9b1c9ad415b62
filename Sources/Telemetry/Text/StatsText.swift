// Envoy's `/stats`: one statistic a line, sorted.
// The lines are what people grep (`... | grep pending`), so the names are Envoy's to the letter.

public enum StatsText {
    public enum Format: Sendable {
        /// `name: value` lines.
        case text
        /// `{"stats":[{"name":...,"value":...}]}`
        case json
    }

    /// - Parameters:
    ///   - usedOnly: leave out what has never counted anything.
    ///   - filter: gets each full name; what it returns false for is left out.
    /// - Returns: UTF-8.
    public static func render(
        _ sample: MetricsSample, format: Format = .text, usedOnly: Bool = false,
        filter: ((String) -> Bool)? = nil
    ) -> [UInt8] {
        var page = StatsPage(
            format: format, selection: StatSelection(usedOnly: usedOnly, filter: filter))
        page.open()
        // In the order of their names, which makes the whole page sorted.
        page.append(
            sample.clusterScope, and: sample.discoveryScope, and: sample.protectionScope)
        page.append(sample.serverScope, where: { $0.hasPrefix("cluster_manager.") })
        page.append(sample.serverScope, where: { $0.hasPrefix("dns.") })
        page.append(sample.httpScope)
        page.append(sample.configScope)
        page.append(sample.listenerScope)
        page.append(sample.serverScope, where: { $0.hasPrefix("listener_manager.") })
        page.append(sample.serverScope, where: { $0.hasPrefix("server.") })
        page.append(sample.routeScope)
        page.close()
        return page.bytes
    }
}

/// A page being written.
private struct StatsPage {
    let format: StatsText.Format
    let selection: StatSelection
    var bytes: [UInt8] = []
    var isFirst = true

    init(format: StatsText.Format, selection: StatSelection) {
        self.format = format
        self.selection = selection
    }

    mutating func open() {
        if format == .json { bytes.append(#"{"stats":["#) }
    }

    mutating func close() {
        if format == .json { bytes.append("]}\n") }
    }

    mutating func append<Family>(
        _ scope: StatScope<Family>, where isWanted: (String) -> Bool = { _ in true }
    ) {
        let stats = Family.allCases
            .map { (stat: $0, name: $0.definition.name) }
            .filter { isWanted($0.name) }
            .sorted { $0.name < $1.name }
        for table in scope.tables {
            for (stat, _) in stats where selection.wants(stat, of: table, in: scope) {
                append(stat, of: table, in: scope)
            }
        }
    }

    /// Families under one prefix, whose tables may be of the same thing.
    mutating func append<Family, Other, Third>(
        _ scope: StatScope<Family>, and other: StatScope<Other>, and third: StatScope<Third>
    ) {
        let own = scope.tablesByName
        let others = other.tablesByName
        let thirds = third.tablesByName
        var all: [(name: String, stat: Family?, other: Other?, third: Third?)] = []
        all += Family.allCases.map { ($0.definition.name, $0, nil, nil) }
        all += Other.allCases.map { ($0.definition.name, nil, $0, nil) }
        all += Third.allCases.map { ($0.definition.name, nil, nil, $0) }
        all.sort { $0.name < $1.name }
        for name in Set(own.keys).union(others.keys).union(thirds.keys).sorted() {
            let tables = (own[name], others[name], thirds[name])
            for (_, stat, otherStat, thirdStat) in all {
                append(stat, of: tables.0, ifWantedIn: scope)
                append(otherStat, of: tables.1, ifWantedIn: other)
                append(thirdStat, of: tables.2, ifWantedIn: third)
            }
        }
    }

    private mutating func append<Family>(
        _ stat: Family?, of table: StatScope<Family>.Table?, ifWantedIn scope: StatScope<Family>
    ) {
        guard let stat, let table, selection.wants(stat, of: table, in: scope) else { return }
        append(stat, of: table, in: scope)
    }

    private mutating func append<Family>(
        _ stat: Family, of table: StatScope<Family>.Table, in scope: StatScope<Family>
    ) {
        switch format {
        case .text:
            scope.appendName(of: stat, in: table.name, to: &bytes)
            bytes.append(": ")
            bytes.append(decimal: table.values[stat])
            bytes.append(UInt8(ascii: "\n"))
        case .json:
            bytes.append((isFirst ? #"{"name":""# : #",{"name":""#))
            isFirst = false
            let start = bytes.count
            scope.appendName(of: stat, in: table.name, to: &bytes)
            JSONText.escape(&bytes, from: start)
            bytes.append(#"","value":"#)
            bytes.append(decimal: table.values[stat])
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
