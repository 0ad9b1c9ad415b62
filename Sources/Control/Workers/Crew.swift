// All workers of the process: told things, and asked things, by the control thread.
internal import Net
internal import Proxy

final class Crew {
    let count: Int
    private let threads: [WorkerThread]
    private unowned let loop: Loop

    /// Starts the threads. - Parameter loop: the control thread's, where answers arrive.
    init(
        count: Int, settings: ProxySettings, counts: ProcessCounts, loop: Loop
    ) throws(NetError) {
        self.count = count
        self.loop = loop
        var threads: [WorkerThread] = []
        for index in 0..<count {
            threads.append(
                try WorkerThread(name: "worker-\(index)", settings: settings, counts: counts))
        }
        self.threads = threads
    }

    /// Nobody answers.
    func tell(_ order: @escaping @Sendable (Worker) -> Void) {
        for thread in threads { thread.post(order) }
    }

    /// Puts a question to every worker.
    /// - Parameters:
    ///   - limit: milliseconds after which those who have not answered are left out; nil: never.
    ///   - question: runs on each worker's thread; gets the worker and its place, `0..<count`.
    ///   - then: called once, on the control thread.
    func ask<Answer: Sendable>(
        withinMs limit: UInt64?, _ question: @escaping @Sendable (Worker, Int) -> Answer,
        then: @escaping ([Answer]) -> Void
    ) {
        let handle = LoopOwned<Errand<Answer>>()
        let control = loop
        let errand = Errand<Answer>(expecting: count, withinMs: limit, loop: loop) { answers in
            handle.empty(on: control)
            then(answers)
        }
        handle.fill(errand, on: loop)
        let mailbox = loop.mailbox
        for (index, thread) in threads.enumerated() {
            thread.post { worker in
                let answer = question(worker, index)
                mailbox.post { loop in handle.value(on: loop)?.receive(answer) }
            }
        }
    }

    /// Ends all threads, each after its present round, and waits for them.
    func stop() {
        for thread in threads { thread.stop() }
    }
}
