// Certificates for tests, made by the openssl command: an outside maker, so that a mistake of ours
// in reading them cannot hide behind the same mistake in writing them.
import Foundation

/// A folder with a CA and certificates it signed; gone with the object.
final class Certificates {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "isthmus-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test ca",
            "-addext", "basicConstraints=critical,CA:TRUE")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Signs a certificate for `names` (subjectAltName syntax); returns chain and key, PEM.
    func issue(_ file: String, names: String) throws -> (chain: [UInt8], key: [UInt8]) {
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "\(file).key", "-out", "\(file).csr", "-subj", "/CN=\(file)")
        try "subjectAltName=\(names)\n".write(
            toFile: "\(folder)/\(file).ext", atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", "\(file).csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "1", "-extfile", "\(file).ext", "-out", "\(file).crt")
        return (try bytes("\(file).crt"), try bytes("\(file).key"))
    }

    func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }

    struct Failed: Error { let arguments: [String] }
}
