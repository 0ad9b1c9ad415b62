// An identity out of files that somebody else renews: `isthmus ca renew`, cert-manager, Istio's
// agents. What is in the folder is live as soon as all of it fits together.
internal import Authority
internal import Net

final class FolderDuty: IdentityDuty {
    private let path: String
    private let folder: IdentityFolder
    private unowned let keeper: IdentityKeeper
    private var changes: FileChanges?
    private var last: IdentityFiles?

    init(_ path: String, keeper: IdentityKeeper) {
        self.path = path
        folder = IdentityFolder(path: path)
        self.keeper = keeper
    }

    func start() {
        let changes = FileChanges(loop: keeper.loop, log: keeper.log) { [weak self] _ in
            self?.look()
        }
        changes.watch([path])
        self.changes = changes
        look()
    }

    func hurry() {
        last = nil
        look()
    }

    func stop() {
        changes?.stop()
        changes = nil
    }

    /// Files that do not fit are a renewal half done: its end is another event.
    private func look() {
        do throws(IdentityProblem) {
            let files: IdentityFiles
            do throws(AuthorityError) {
                files = try folder.read()
            } catch {
                throw IdentityProblem("\(error)")
            }
            guard files != last else { return }
            let identity = try WorkloadIdentity(files)
            last = files
            keeper.adopt(identity)
        } catch {
            keeper.status.readFailures += 1
            keeper.note(IdentityProblem(error.kind, "\(path): \(error)"))
        }
    }
}
