// The fields of LoadBalancerSettings (networking/v1alpha3/destination_rule.proto).
// Zone-aware routing needs to know who else calls from which zone, and waits.

extension MessageTable {
    static let loadBalancer = MessageTable(
        "LoadBalancerSettings",
        [
            FieldRow(
                "simple", .choice(LoadBalancerSettings.Simple.self),
                "LEAST_REQUEST (default, also as LEAST_CONN), ROUND_ROBIN, RANDOM; PASSTHROUGH "
                    + "sends captured calls where they were meant to go, and acts as LEAST_REQUEST "
                    + "where nothing is captured."),
            FieldRow("consistentHash", .message(consistentHash), "By a key."),
            FieldRow(
                "localityLbSetting", .message(localitySetting), "By place."),
            FieldRow(
                "zoneAwareLbSetting", .message(zoneAwareSetting),
                "The own region first, in it the own place as far as its endpoints can bear it."),
            FieldRow(
                "warmupDurationSecs", .duration, "Deprecated; use `warmup`."),
            FieldRow("warmup", .message(warmup), "Slow start of new endpoints."),
        ])

    static let consistentHash = MessageTable(
        "ConsistentHashLB",
        [
            FieldRow("httpHeaderName", .string, "The key is a header."),
            FieldRow("httpCookie", .message(httpCookie), "The key is a cookie."),
            FieldRow("useSourceIp", .bool, "The key is the client's address."),
            FieldRow(
                "httpQueryParameterName", .string, "The key is a parameter."),
            FieldRow("ringHash", .message(ringHash), "Ring of points."),
            FieldRow("maglev", .message(maglev), "Maglev table."),
            FieldRow(
                "minimumRingSize", .integer("uint64"),
                "Deprecated; use `ringHash`."),
        ])

    static let httpCookie = MessageTable(
        "HTTPCookie",
        [
            FieldRow("name", .string, "Of the cookie."),
            FieldRow("path", .string, "Of the cookie that is made."),
            FieldRow("ttl", .duration, "Without it no cookie is made."),
            FieldRow(
                "attributes", .list(.message(cookieAttribute)),
                "Of the cookie that is made."),
        ])

    static let cookieAttribute = MessageTable(
        "Attribute",
        [
            FieldRow("name", .string, "`SameSite` and so on."),
            FieldRow("value", .string, "May be empty."),
        ])

    static let ringHash = MessageTable(
        "RingHash",
        [
            FieldRow(
                "minimumRingSize", .integer("uint64"), "1024 by default.")
        ])

    static let maglev = MessageTable(
        "MagLev",
        [
            FieldRow(
                "tableSize", .integer("uint64"),
                "A prime up to 5000011; 65537 by default.")
        ])

    static let localitySetting = MessageTable(
        "LocalityLoadBalancerSetting",
        [
            FieldRow("distribute", .list(.message(distribute)), "Shares by place."),
            FieldRow(
                "failover", .list(.message(failover)), "Which region stands in."),
            FieldRow("failoverPriority", .list(.string), "Labels, in order."),
            FieldRow("enabled", .bool, "True by default."),
        ])

    static let distribute = MessageTable(
        "Distribute",
        [
            FieldRow("from", .string, "`region/zone/subzone`, `*` at the end."),
            FieldRow(
                "to", .map(.integer("uint32")), "Percent by place; sum 100."),
        ])

    static let failover = MessageTable(
        "Failover",
        [
            FieldRow("from", .string, "A region."),
            FieldRow("to", .string, "Another region."),
        ])

    static let zoneAwareSetting = MessageTable(
        "ZoneAwareLoadBalancerSetting",
        [
            FieldRow("enabled", .bool, "True by default."),
            FieldRow(
                "failover", .list(.message(failover)), "Which region stands in."),
            FieldRow("failoverPriority", .list(.string), "Labels, in order, before the region."),
            FieldRow(
                "minClusterSize", .integer("uint64"),
                "With fewer endpoints in the region all of it is asked alike; 6 by default."),
        ])

    static let warmup = MessageTable(
        "WarmupConfiguration",
        [
            FieldRow("duration", .duration, "How long it takes."),
            FieldRow("minimumPercent", .double, "At the start; 10 by default."),
            FieldRow("aggression", .double, "1.0 by default."),
        ])
}
