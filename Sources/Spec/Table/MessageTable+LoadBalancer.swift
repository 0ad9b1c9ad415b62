// The fields of LoadBalancerSettings (networking/v1alpha3/destination_rule.proto).
// `simple` works; hashing, locality and warm-up are read and checked.

extension MessageTable {
    static let loadBalancer = MessageTable(
        "LoadBalancerSettings",
        [
            FieldRow(
                "simple", .choice(LoadBalancerSettings.Simple.self),
                "LEAST_REQUEST (default, also as LEAST_CONN), ROUND_ROBIN, RANDOM work; "
                    + "PASSTHROUGH decodes only."),
            FieldRow("consistentHash", .message(consistentHash), .decodesOnly, "By a key."),
            FieldRow(
                "localityLbSetting", .message(localitySetting), .decodesOnly, "By place."),
            FieldRow(
                "zoneAwareLbSetting", .message(zoneAwareSetting), .decodesOnly, "By zone."),
            FieldRow(
                "warmupDurationSecs", .duration, .decodesOnly, "Deprecated; use `warmup`."),
            FieldRow("warmup", .message(warmup), .decodesOnly, "Slow start of new endpoints."),
        ])

    static let consistentHash = MessageTable(
        "ConsistentHashLB",
        [
            FieldRow("httpHeaderName", .string, .decodesOnly, "The key is a header."),
            FieldRow("httpCookie", .message(httpCookie), .decodesOnly, "The key is a cookie."),
            FieldRow("useSourceIp", .bool, .decodesOnly, "The key is the client's address."),
            FieldRow(
                "httpQueryParameterName", .string, .decodesOnly, "The key is a parameter."),
            FieldRow("ringHash", .message(ringHash), .decodesOnly, "Ring of points."),
            FieldRow("maglev", .message(maglev), .decodesOnly, "Maglev table."),
            FieldRow(
                "minimumRingSize", .integer("uint64"), .decodesOnly,
                "Deprecated; use `ringHash`."),
        ])

    static let httpCookie = MessageTable(
        "HTTPCookie",
        [
            FieldRow("name", .string, .decodesOnly, "Of the cookie."),
            FieldRow("path", .string, .decodesOnly, "Of the cookie that is made."),
            FieldRow("ttl", .duration, .decodesOnly, "Without it no cookie is made."),
            FieldRow(
                "attributes", .list(.message(cookieAttribute)), .decodesOnly,
                "Of the cookie that is made."),
        ])

    static let cookieAttribute = MessageTable(
        "Attribute",
        [
            FieldRow("name", .string, .decodesOnly, "`SameSite` and so on."),
            FieldRow("value", .string, .decodesOnly, "May be empty."),
        ])

    static let ringHash = MessageTable(
        "RingHash",
        [
            FieldRow(
                "minimumRingSize", .integer("uint64"), .decodesOnly, "1024 by default.")
        ])

    static let maglev = MessageTable(
        "MagLev",
        [
            FieldRow(
                "tableSize", .integer("uint64"), .decodesOnly,
                "A prime up to 5000011; 65537 by default.")
        ])

    static let localitySetting = MessageTable(
        "LocalityLoadBalancerSetting",
        [
            FieldRow("distribute", .list(.message(distribute)), .decodesOnly, "Shares by place."),
            FieldRow(
                "failover", .list(.message(failover)), .decodesOnly, "Which region stands in."),
            FieldRow("failoverPriority", .list(.string), .decodesOnly, "Labels, in order."),
            FieldRow("enabled", .bool, .decodesOnly, "True by default."),
        ])

    static let distribute = MessageTable(
        "Distribute",
        [
            FieldRow("from", .string, .decodesOnly, "`region/zone/subzone`, `*` at the end."),
            FieldRow(
                "to", .map(.integer("uint32")), .decodesOnly, "Percent by place; sum 100."),
        ])

    static let failover = MessageTable(
        "Failover",
        [
            FieldRow("from", .string, .decodesOnly, "A region."),
            FieldRow("to", .string, .decodesOnly, "Another region."),
        ])

    static let zoneAwareSetting = MessageTable(
        "ZoneAwareLoadBalancerSetting",
        [
            FieldRow("enabled", .bool, .decodesOnly, "Instead of `localityLbSetting`."),
            FieldRow(
                "failover", .list(.message(failover)), .decodesOnly, "Which region stands in."),
            FieldRow("failoverPriority", .list(.string), .decodesOnly, "Labels, in order."),
            FieldRow("minClusterSize", .integer("uint64"), .decodesOnly, "6 by default."),
        ])

    static let warmup = MessageTable(
        "WarmupConfiguration",
        [
            FieldRow("duration", .duration, .decodesOnly, "How long it takes."),
            FieldRow("minimumPercent", .double, .decodesOnly, "At the start; 10 by default."),
            FieldRow("aggression", .double, .decodesOnly, "1.0 by default."),
        ])
}
