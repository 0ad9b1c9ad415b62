// A worker of the data plane on a thread of its own, as the control thread sees it.
internal import Net
internal import Proxy

final class WorkerThread {
    private let worker: LoopOwned<Worker>
    private let mailbox: Mailbox
    private var thread: LoopThread?

    init(
        name: String, settings: ProxySettings, counts: ProcessCounts
    ) throws(NetError) {
        let worker = LoopOwned<Worker>()
        let thread = try LoopThread.start(name: name) { loop in
            let made = Worker(loop: loop, settings: settings, counts: counts)
            worker.fill(made, on: loop)
            return made
        }
        self.worker = worker
        mailbox = thread.mailbox
        self.thread = consume thread
    }

    /// Runs on the worker's thread, in the order posted.
    func post(_ order: @escaping @Sendable (Worker) -> Void) {
        let worker = worker
        mailbox.post { loop in
            if let worker = worker.value(on: loop) { order(worker) }
        }
    }

    /// Ends the loop after its present round and waits for the thread.
    func stop() {
        thread.take()?.stop()
    }
}
