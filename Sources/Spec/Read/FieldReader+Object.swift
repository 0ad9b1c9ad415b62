// Finds out what a document is, and hands it to the decoder of its kind.
// Lists are opened, empty documents are nothing, kinds without a decoder get their one line.

extension FieldReader {
    /// The objects of one document.
    func read(document: borrowing YAMLTree, lines: SourceLines, into objects: inout [any Resource])
    {
        guard !document.isEmpty else { return }
        start(document, at: 0)
        // A second owner would have the builder's buffers copied for the next document.
        defer { tree = YAMLTree() }
        if tree.isNull(0) { return }
        guard tree.kind(0) == .mapping else {
            let pasted = lines.pastedPrefix(around: Int(tree.position(0).line))
            return error(
                at: 0, "a document that is \(describe(0)), not an object",
                pasted ?? "an object starts with `apiVersion:` and `kind:`")
        }
        let kind = tree.value(of: "kind", in: 0).map(tree.string) ?? ""
        if kind.hasSuffix("List"), let items = tree.value(of: "items", in: 0) {
            if tree.isNull(items) { return }
            for item in self.items(items) {
                start(document, at: tree.resolved(item))
                read(objectWithPasteAdvice: lines, into: &objects)
            }
        } else {
            read(objectWithPasteAdvice: lines, into: &objects)
        }
    }

    private func read(objectWithPasteAdvice lines: SourceLines, into objects: inout [any Resource])
    {
        guard tree.kind(objectRoot) == .mapping else {
            return error(at: objectRoot, "an item that is \(describe(objectRoot)), not an object")
        }
        guard let apiVersion = text(of: "apiVersion", lines), let kind = text(of: "kind", lines)
        else { return }
        object = key(kind: kind)
        let row: KindRow
        switch KindTable.lookUp(apiVersion: apiVersion, kind: kind) {
        case .found(let found): row = found
        case .unknown(let message, let advice):
            let place = tree.value(of: "kind", in: objectRoot) ?? objectRoot
            return report(.warning, at: place, message, advice)
        }
        switch row.standing {
        case .read:
            if let object = read(kind: kind) { objects.append(object) }
        case .unused:
            skip(.info, "skipped: \(row.title) is not used by Isthmus", "")
        case .notYet:
            skip(.info, "skipped: \(row.title) is not used by Isthmus yet", "")
        case .notEnforcedYet:
            skip(
                .warning, "skipped: \(row.title) is not enforced by Isthmus yet",
                "do not rely on what it forbids")
        case .never(let reason):
            skip(.warning, "skipped: \(row.title) has no effect here, \(reason)", "")
        }
    }

    private func skip(_ severity: Diagnostic.Severity, _ message: String, _ advice: String) {
        report(
            Diagnostic(
                severity: severity,
                location: SourceLocation(file: file, position: tree.position(objectRoot)),
                object: object, message: message, advice: advice))
    }

    /// `apiVersion` or `kind`; an error where it is missing or no text.
    private func text(of field: String, _ lines: SourceLines) -> String? {
        guard let node = tree.value(of: field, in: objectRoot), !tree.isNull(node) else {
            let place = Int(tree.position(objectRoot).line)
            error(
                at: objectRoot, "an object without `\(field)`",
                lines.pastedPrefix(around: place)
                    ?? "every object starts with `apiVersion:` and `kind:`")
            return nil
        }
        let text = string(node)
        return text.isEmpty ? nil : text
    }

    /// The key as far as it can be told before the object is decoded.
    private func key(kind: String) -> ObjectKey {
        let metadata = tree.value(of: "metadata", in: objectRoot)
        func field(_ name: String) -> String? {
            metadata.flatMap { tree.value(of: name, in: $0) }.map(tree.string)
        }
        let namespace = field("namespace") ?? ""
        return ObjectKey(
            kind: kind, namespace: namespace.isEmpty ? defaultNamespace : namespace,
            name: field("name") ?? "")
    }

    private func read(kind: String) -> (any Resource)? {
        guard let table = MessageTable.objects[kind] else { return nil }
        var parts = ObjectParts(
            metadata: Metadata(namespace: defaultNamespace),
            source: SourceLocation(file: file, position: tree.position(objectRoot)),
            root: objectRoot)
        var fields = open(objectRoot, table)
        while let (name, value) = next(&fields) {
            switch name {
            case "apiVersion", "kind": break
            case "metadata": parts.metadata = metadata(value)
            case "spec": parts.spec = value
            case "status": parts.status = value
            default: unread(name, fields)
            }
        }
        // `spec` is decoded with the object's table around it, so that a field of the wrong level
        // can be told where it belongs.
        enter(table)
        let resource: any Resource
        let findings: Findings
        switch kind {
        case Gateway.kind: (resource, findings) = checked(gateway(parts)) { $0.check($1) }
        case VirtualService.kind:
            (resource, findings) = checked(virtualService(parts)) { $0.check($1) }
        case DestinationRule.kind:
            (resource, findings) = checked(destinationRule(parts)) { $0.check($1) }
        case ServiceEntry.kind:
            (resource, findings) = checked(serviceEntry(parts)) { $0.check($1) }
        case WorkloadEntry.kind:
            (resource, findings) = checked(workloadEntry(parts)) { $0.check($1) }
        case Sidecar.kind: (resource, findings) = checked(sidecar(parts)) { $0.check($1) }
        case PeerAuthentication.kind:
            (resource, findings) = checked(peerAuthentication(parts)) { $0.check($1) }
        case Service.kind: (resource, findings) = checked(service(parts)) { $0.check($1) }
        case Endpoints.kind: (resource, findings) = checked(endpoints(parts)) { $0.check($1) }
        case EndpointSlice.kind:
            (resource, findings) = checked(endpointSlice(parts)) { $0.check($1) }
        case Pod.kind: (resource, findings) = checked(pod(parts)) { $0.check($1) }
        case Secret.kind: (resource, findings) = checked(secret(parts)) { _, _ in }
        default: return nil
        }
        if table.field(named: "spec") != nil, parts.spec == nil {
            error(at: objectRoot, "a \(kind) without `spec`", "write what is wanted under `spec:`")
        }
        report(findings)
        return objectErrorCount == 0 ? resource : nil
    }

    /// Checks what was decoded without an error; what was not has been said already.
    private func checked<Object: Resource>(
        _ object: Object, _ check: (inout Findings, Object) -> Void
    ) -> (any Resource, Findings) {
        var findings = Findings()
        if objectErrorCount == 0 {
            findings.checkMetadata(object)
            check(&findings, object)
        }
        return (object, findings)
    }

    private func report(_ findings: Findings) {
        for finding in findings.list {
            report(finding.severity) {
                let place = position(of: finding.path, below: objectRoot)
                return Diagnostic(
                    severity: finding.severity,
                    location: SourceLocation(file: file, position: place), object: object,
                    fieldPath: PathStep.text(of: finding.path), message: finding.message,
                    advice: finding.advice)
            }
        }
    }
}
