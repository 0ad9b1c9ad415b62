// Builds and checks the chain from a certificate to a trusted root (RFC 5280 section 6).
internal import COpenSSL

extension TrustStore {
    /// Certificates between leaf and root; more is a way to keep a verifier busy.
    public static let depthMax: Int32 = 8
    /// 112 bits of strength: no SHA-1, no RSA under 2048 (OpenSSL's "security level" 2).
    static let authenticationLevel: Int32 = 2

    /// - Parameters:
    ///   - intermediates: untrusted, in any order; those not needed are ignored.
    ///   - time: when the chain must be valid.
    /// - Returns: the chain, leaf first, root last.
    @discardableResult
    public func verify(
        _ leaf: Certificate, intermediates: [Certificate] = [], at time: UnixTime,
        side: PeerSide = .either, expecting expectation: PeerExpectation = .anybody
    ) throws(VerificationError) -> [Certificate] {
        let chain = try chain(
            of: leaf, intermediates: intermediates, time: time, side: side,
            expectation: expectation)
        func refuse(_ reason: VerificationError.Reason) -> VerificationError {
            VerificationError(reason, certificate: leaf.label)
        }
        switch expectation {
        case .anybody, .host, .address: break
        case .anyWorkload, .workload:
            let identity: SPIFFEID
            do throws(IdentityError) {
                identity = try leaf.workloadIdentity
            } catch {
                throw refuse(.identity(error))
            }
            if case .workload(let expected) = expectation, !expected.contains(identity) {
                throw refuse(
                    .wrongIdentity(
                        expected: expected.map(\.description).sorted(),
                        found: identity.description))
            }
        }
        return chain
    }

    private func chain(
        of leaf: Certificate, intermediates: [Certificate], time: UnixTime, side: PeerSide,
        expectation: PeerExpectation
    ) throws(VerificationError) -> [Certificate] {
        let leaf = leaf.readable
        defer { withExtendedLifetime(leaf) {} }
        guard let context = unsafe X509_STORE_CTX_new(), let stack = unsafe OPENSSL_sk_new_null()
        else { throw TrustStore.outOfMemory }
        defer {
            unsafe X509_STORE_CTX_free(context)
            unsafe isthmus_certificates_free(stack)
            ERR_clear_error()
        }
        for certificate in intermediates {
            unsafe X509_up_ref(certificate.raw)
            unsafe OPENSSL_sk_push(stack, UnsafeRawPointer(certificate.raw))
        }
        guard unsafe X509_STORE_CTX_init(context, raw, leaf.raw, stack) == 1,
            let parameters = unsafe X509_STORE_CTX_get0_param(context)
        else { throw TrustStore.outOfMemory }
        unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time.seconds))
        unsafe X509_VERIFY_PARAM_set_depth(parameters, TrustStore.depthMax)
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, TrustStore.authenticationLevel)
        switch side {
        case .server: unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER)
        case .client: unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT)
        case .either: break
        }
        guard unsafe TrustStore.expect(expectation, in: parameters) else {
            throw VerificationError(.wrongHost, certificate: leaf.label)
        }
        guard unsafe X509_verify_cert(context) == 1 else {
            throw unsafe failure(in: context, leaf: leaf)
        }
        return unsafe TrustStore.certificates(X509_STORE_CTX_get0_chain(context))
    }

    /// Host names and addresses are OpenSSL's to match.
    private static func expect(_ expectation: PeerExpectation, in parameters: OpaquePointer) -> Bool
    {
        switch expectation {
        case .host(let name):
            // A partial wildcard (`f*.example`) and the common name are not believed (RFC 9525).
            let flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
            unsafe X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(flags))
            return unsafe !name.isEmpty
                && X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1
        case .address(let bytes):
            return unsafe X509_VERIFY_PARAM_set1_ip(parameters, bytes, bytes.count) == 1
        case .anybody, .anyWorkload, .workload: return true
        }
    }

    private func failure(in context: OpaquePointer, leaf: Certificate) -> VerificationError {
        let code = unsafe X509_STORE_CTX_get_error(context)
        let depth = unsafe Int(X509_STORE_CTX_get_error_depth(context))
        var subject = leaf
        if let current = unsafe X509_STORE_CTX_get_current_cert(context) {
            unsafe X509_up_ref(current)
            subject = unsafe Certificate(owning: current)
        }
        var reason = VerificationError.Reason(code: code)
        if case .revoked = reason {
            let entry = lists.lazy.filter { $0.issuer == subject.issuer }
                .compactMap { $0.entry(for: subject.serial) }.first
            reason = .revoked(entry?.reason ?? .unspecified)
        }
        return VerificationError(reason, depth: depth, certificate: subject.label)
    }

    private static func certificates(_ stack: OpaquePointer?) -> [Certificate] {
        var certificates: [Certificate] = []
        for index in unsafe 0..<max(0, OPENSSL_sk_num(stack)) {
            guard let value = unsafe OPENSSL_sk_value(stack, index) else { continue }
            let certificate = OpaquePointer(value)
            unsafe X509_up_ref(certificate)
            certificates.append(unsafe Certificate(owning: certificate))
        }
        return certificates
    }

    private static let outOfMemory = VerificationError(.other(code: 17, "out of memory"))
}

extension Certificate {
    /// A short name for messages: the subject, or else the first name, or else the serial.
    public var label: String {
        let subject = subject
        if !subject.isEmpty { return subject }
        return names.first?.description ?? "serial \(serial)"
    }
}
