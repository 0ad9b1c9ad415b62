// Where the demo's resources come from: the folder people can edit, or the copy in the binary.
import Control
import Net

enum DemoResources {
    /// The folder beside the working directory, or the one that was installed with the binary; nil
    /// where there is neither.
    static func folder() -> String? {
        let local = BookinfoResources.folder
        if isThere(local) { return local }
        // PREFIX/bin/isthmus and PREFIX/share/isthmus/gateways/bookinfo
        guard let prefix = Machine.executableFolder?.parentFolder else { return nil }
        let installed = "\(prefix)/share/isthmus/\(BookinfoResources.folder)"
        return isThere(installed) ? installed : nil
    }

    private static func isThere(_ folder: String) -> Bool {
        BookinfoResources.files.allSatisfy { file in
            (try? File.read("\(folder)/\(file.name)", bytesMax: 1)) != nil
        }
    }

    /// All resources as one text, with the workloads at another port than 9080.
    static func text(from folder: String?, workloadPort: UInt16) -> [UInt8] {
        let texts = BookinfoResources.files.map { file -> String in
            guard let folder, let bytes = try? File.read("\(folder)/\(file.name)") else {
                return file.text
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        let whole = texts.joined(separator: "\n---\n")
        return Array(
            whole.replacing("targetPort: 9080", with: "targetPort: \(workloadPort)").utf8)
    }
}

extension String {
    /// `/usr/bin` of `/usr/bin/x`
    var parentFolder: String? {
        guard let slash = lastIndex(of: "/"), slash != startIndex else { return nil }
        return String(self[..<slash])
    }
}
