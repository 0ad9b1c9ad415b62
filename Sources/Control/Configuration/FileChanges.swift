// Says when the files may have changed and nobody is writing to them any more.
// A save is several events and a deployment many files: acting on the first would read half of it.
// Where inotify is not to be had, looking again every few seconds takes its place.
internal import Net

final class FileChanges: TimerTarget {
    /// Milliseconds without an event after which a change counts as complete...
    static let quietMs: UInt64 = 20
    /// ...and after which it is looked at even though events go on coming.
    static let patienceMs: UInt64 = 100
    /// Between two looks without being told: some file systems tell nothing.
    static let pollMs: UInt64 = 5_000

    private enum Tag {
        static let quiet: UInt8 = 0
        static let poll: UInt8 = 1
    }

    private unowned let loop: Loop
    private let log: Log
    private let look: (_ told: FolderChanges?) -> Void
    /// What was told since the last look.
    private var changes = FolderChanges()
    private var watcher: FileWatcher?
    private var quiet = TimerID.none
    private var firstEventMs: UInt64?
    private var lastProblem: String?
    private var isStopped = false

    /// - Parameter look: look at the files now; `told` is nil when only time has passed.
    init(loop: Loop, log: Log, look: @escaping (_ told: FolderChanges?) -> Void) {
        self.loop = loop
        self.log = log
        self.look = look
        super.init()
        do throws(NetError) {
            watcher = try FileWatcher(loop: loop) { [weak self] in self?.event($0) }
        } catch {
            tell("\(error)")
        }
        poll()
    }

    /// Watches exactly these folders from now on.
    func watch(_ folders: [String]) {
        guard let watcher else { return }
        do throws(NetError) {
            try watcher.watch(folders: Set(folders))
            lastProblem = nil
        } catch {
            tell("\(error)")
        }
    }

    /// Looks no more.
    func stop() {
        isStopped = true
        loop.timers.cancel(quiet)
        watch([])
    }

    private func tell(_ problem: String) {
        guard problem != lastProblem else { return }
        lastProblem = problem
        log.warning(
            "config", "changes are looked for every \(Self.pollMs / 1000) s only",
            [("reason", problem)])
    }

    private func event(_ told: FolderChanges) {
        if isStopped { return }
        changes.formUnion(told)
        let first = firstEventMs ?? loop.nowMs
        firstEventMs = first
        loop.timers.cancel(quiet)
        let patience = first + Self.patienceMs
        let wait = min(Self.quietMs, patience > loop.nowMs ? patience - loop.nowMs : 0)
        quiet = loop.timers.schedule(afterMs: wait, target: self, tag: Tag.quiet)
    }

    private func poll() {
        _ = loop.timers.schedule(afterMs: Self.pollMs, target: self, tag: Tag.poll)
    }

    override func timerFired(tag: UInt8) {
        if isStopped { return }
        if tag == Tag.poll {
            poll()
            // Events are coming in: whoever writes is not done.
            if firstEventMs == nil { look(nil) }
            return
        }
        firstEventMs = nil
        let told = changes
        changes = FolderChanges()
        look(told)
    }
}
