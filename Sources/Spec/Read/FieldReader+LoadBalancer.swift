// Decodes how a destination's endpoints are chosen from.
// Protobuf's oneofs become enums here, so that nobody behind has to ask which of them is set.

extension FieldReader {
    func loadBalancer(_ node: NodeID) -> LoadBalancerSettings {
        var balancer = LoadBalancerSettings()
        balancer.position = tree.position(node)
        var legacyWarmup: LoadBalancerSettings.Warmup?
        var fields = open(node, .loadBalancer)
        while let (name, value) = next(&fields) {
            switch name {
            case "simple":
                balancer.simple = choice(value, LoadBalancerSettings.Simple.self)
                if balancer.simple == .leastConnections {
                    deprecated(value, "LEAST_CONN", use: "LEAST_REQUEST")
                }
            case "consistentHash": balancer.consistentHash = consistentHash(value)
            case "localityLbSetting": balancer.localityLbSetting = localitySetting(value)
            case "zoneAwareLbSetting": balancer.zoneAwareLbSetting = zoneAwareSetting(value)
            case "warmupDurationSecs":
                deprecated(value, "warmupDurationSecs", use: "warmup.duration")
                legacyWarmup = LoadBalancerSettings.Warmup()
                legacyWarmup?.position = tree.position(value)
                legacyWarmup?.duration = duration(value)
            case "warmup": balancer.warmup = warmup(value)
            default: unread(name, fields)
            }
        }
        balancer.warmup = balancer.warmup ?? legacyWarmup
        return balancer
    }

    private func consistentHash(_ node: NodeID) -> LoadBalancerSettings.ConsistentHash {
        typealias Hash = LoadBalancerSettings.ConsistentHash
        var hash = Hash()
        hash.position = tree.position(node)
        var keys: [(Hash.Key, NodeID)] = []
        var algorithms: [(Hash.Algorithm, NodeID)] = []
        var legacySize: UInt64?
        var fields = open(node, .consistentHash)
        while let (name, value) = next(&fields) {
            switch name {
            case "httpHeaderName": keys.append((.header(string(value)), value))
            case "httpCookie": keys.append((.cookie(httpCookie(value)), value))
            case "useSourceIp": if bool(value) { keys.append((.sourceIP, value)) }
            case "httpQueryParameterName":
                keys.append((.queryParameter(string(value)), value))
            case "ringHash":
                algorithms.append((.ringHash(minimumRingSize: ringHash(value)), value))
            case "maglev": algorithms.append((.maglev(tableSize: maglev(value)), value))
            case "minimumRingSize":
                deprecated(value, "minimumRingSize", use: "ringHash.minimumRingSize")
                legacySize = integer(value, UInt64.self)
            default: unread(name, fields)
            }
        }
        for (_, value) in keys.dropFirst() {
            error(at: value, "more than one key to hash", "keep one of them")
        }
        for (_, value) in algorithms.dropFirst() {
            error(at: value, "both ringHash and maglev", "keep one of them")
        }
        hash.key = keys.first?.0
        hash.algorithm = algorithms.first?.0 ?? legacySize.map { .ringHash(minimumRingSize: $0) }
        return hash
    }

    private func httpCookie(_ node: NodeID) -> LoadBalancerSettings.ConsistentHash.Cookie {
        var cookie = LoadBalancerSettings.ConsistentHash.Cookie()
        var fields = open(node, .httpCookie)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": cookie.name = string(value)
            case "path": cookie.path = string(value)
            case "ttl": cookie.ttl = duration(value)
            case "attributes": cookie.attributes = list(value, cookieAttribute)
            default: unread(name, fields)
            }
        }
        if cookie.name.isEmpty, tree.kind(node) == .mapping {
            error(at: node, "a cookie without a name", "write `name`")
        }
        return cookie
    }

    private func cookieAttribute(_ node: NodeID) -> Headers.Pair {
        var attribute = Headers.Pair()
        attribute.position = tree.position(node)
        var fields = open(node, .cookieAttribute)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": attribute.name = string(value)
            case "value": attribute.value = string(value)
            default: unread(name, fields)
            }
        }
        return attribute
    }

    private func ringHash(_ node: NodeID) -> UInt64 {
        var size: UInt64 = 1024
        var fields = open(node, .ringHash)
        while let (name, value) = next(&fields) {
            switch name {
            case "minimumRingSize": size = integer(value, UInt64.self) ?? size
            default: unread(name, fields)
            }
        }
        return size
    }

    private func maglev(_ node: NodeID) -> UInt64 {
        var size: UInt64 = 65537
        var fields = open(node, .maglev)
        while let (name, value) = next(&fields) {
            switch name {
            case "tableSize": size = integer(value, UInt64.self) ?? size
            default: unread(name, fields)
            }
        }
        return size
    }

    private func localitySetting(_ node: NodeID) -> LoadBalancerSettings.LocalitySetting {
        var setting = LoadBalancerSettings.LocalitySetting()
        setting.position = tree.position(node)
        var fields = open(node, .localitySetting)
        while let (name, value) = next(&fields) {
            switch name {
            case "distribute": setting.distribute = list(value, distribute)
            case "failover": setting.failover = list(value, failover)
            case "failoverPriority": setting.failoverPriority = strings(value)
            case "enabled": setting.enabled = bool(value)
            default: unread(name, fields)
            }
        }
        return setting
    }

    private func distribute(_ node: NodeID) -> LoadBalancerSettings.LocalitySetting.Distribute {
        var distribute = LoadBalancerSettings.LocalitySetting.Distribute()
        distribute.position = tree.position(node)
        var fields = open(node, .distribute)
        while let (name, value) = next(&fields) {
            switch name {
            case "from": distribute.from = string(value)
            case "to":
                distribute.to = pairs(value).map { key, value in
                    checkKey(key)
                    var share = LoadBalancerSettings.LocalitySetting.Share()
                    share.locality = tree.string(key)
                    share.percent = uint32(value) ?? 0
                    return share
                }
            default: unread(name, fields)
            }
        }
        return distribute
    }

    private func failover(_ node: NodeID) -> LoadBalancerSettings.Failover {
        var failover = LoadBalancerSettings.Failover()
        failover.position = tree.position(node)
        var fields = open(node, .failover)
        while let (name, value) = next(&fields) {
            switch name {
            case "from": failover.from = string(value)
            case "to": failover.to = string(value)
            default: unread(name, fields)
            }
        }
        return failover
    }

    private func zoneAwareSetting(_ node: NodeID) -> LoadBalancerSettings.ZoneAwareSetting {
        var setting = LoadBalancerSettings.ZoneAwareSetting()
        setting.position = tree.position(node)
        var fields = open(node, .zoneAwareSetting)
        while let (name, value) = next(&fields) {
            switch name {
            case "enabled": setting.enabled = bool(value)
            case "failover": setting.failover = list(value, failover)
            case "failoverPriority": setting.failoverPriority = strings(value)
            case "minClusterSize": setting.minClusterSize = integer(value, UInt64.self)
            default: unread(name, fields)
            }
        }
        return setting
    }

    private func warmup(_ node: NodeID) -> LoadBalancerSettings.Warmup {
        var warmup = LoadBalancerSettings.Warmup()
        warmup.position = tree.position(node)
        var fields = open(node, .warmup)
        while let (name, value) = next(&fields) {
            switch name {
            case "duration": warmup.duration = duration(value)
            case "minimumPercent": warmup.minimumPercent = double(value)
            case "aggression": warmup.aggression = double(value)
            default: unread(name, fields)
            }
        }
        return warmup
    }
}
