// Builds the X.509 form of a distinguished name.
internal import COpenSSL

extension DistinguishedName {
    /// Calls `body` with a temporary name.
    func withName(_ body: (OpaquePointer) -> Int32) -> Bool {
        guard let name = unsafe X509_NAME_new() else { return false }
        defer { unsafe X509_NAME_free(name) }
        let attributes = [
            (NID_organizationName, organization), (NID_commonName, commonName),
        ]
        for case (let identifier, let value?) in attributes {
            let bytes = Array(value.utf8)
            guard
                unsafe X509_NAME_add_entry_by_NID(
                    name, identifier, V_ASN1_UTF8STRING, bytes, Int32(bytes.count), -1, 0) == 1
            else { return false }
        }
        return unsafe body(name) == 1
    }
}
