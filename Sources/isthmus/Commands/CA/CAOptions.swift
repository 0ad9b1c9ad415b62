// Which authority a command is about, and how its keys are opened.
import ArgumentParser
import Authority
import Control
import Net
import PKI

struct CAOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The authority's folder. (default: ISTHMUS_CA_DIR, else certs)", valueName: "folder"))
    var dir: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line opens the authority's private keys. "
                + "(default: ISTHMUS_CA_PASSPHRASE_FILE, else none)", valueName: "file"))
    var passphraseFile: String?

    var folder: String { dir ?? CAOptions.environment("ISTHMUS_CA_DIR") ?? "certs" }

    /// The first line of the passphrase's file; nil where there is no such file to be read.
    func passphrase() throws -> [UInt8]? {
        guard let path = passphraseFile ?? CAOptions.environment("ISTHMUS_CA_PASSPHRASE_FILE")
        else { return nil }
        let line = try readFile(path).prefix { $0 != UInt8(ascii: "\n") }
        let passphrase = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard !passphrase.isEmpty else {
            throw Complaint(.badData, "\(path): its first line should be a passphrase")
        }
        return Array(passphrase)
    }

    /// Opens the authority, and says what is wrong with its files' access rights.
    func open() throws -> Authority {
        let authority = try Authority.open(path: folder, passphrase: try passphrase())
        for path in authority.exposedKeys {
            Output.talk("isthmus: warning: \(path) can be read by others; run chmod 600 \(path)\n")
        }
        return authority
    }

    private static func environment(_ name: String) -> String? {
        Machine.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// - Throws: `Complaint` with the path.
func readFile(_ path: String) throws -> [UInt8] {
    do {
        return path == "-"
            ? try File.read(0) : try File.read(path, bytesMax: AuthorityLimits.fileBytesMax)
    } catch {
        throw Complaint(.inputOutput, "\(error)")
    }
}

/// Reads a file whose content `parse` understands, and names the file where it does not.
func readFile<Value>(
    _ path: String, _ parse: ([UInt8]) throws(PKIError) -> Value
) throws -> Value {
    let bytes = try readFile(path)
    do throws(PKIError) {
        return try parse(bytes)
    } catch {
        throw AuthorityError.badFile(path: path, error)
    }
}
