// How the process ends, and how it stops taking connections without ending.
internal import Net
internal import Proxy

extension ProxyProcess {
    /// Readiness ends, nothing new is accepted, and the loop stops once nothing is under way or
    /// the time for it is over.
    func beginDrain(because cause: String) {
        guard drain == nil else { return }
        state = .draining
        let limitMs = options.settings.limits.drainMs
        notify(["STOPPING=1", "STATUS=draining"])
        log.info(
            "end", "draining", [("by", cause), ("atMost", "\(limitMs / 1000)s")])
        let drain = Drain(
            loop: loop, crew: crew, counts: counts, withinMs: limitMs
        ) { [unowned self] left in
            if left > 0 {
                log.warning("end", "the time to drain is over", [("requestsLeft", "\(left)")])
            }
            ended()
        }
        self.drain = drain
        drain.start()
    }

    /// Its companions end after the lead, as requests of the lead go through them.
    private func ended() {
        guard isLead else {
            whenEnded.take()?()
            return
        }
        var left = companions.count
        if left == 0 { loop.stop() }
        for companion in companions {
            companion.whenEnded = { [unowned self] in
                left -= 1
                if left == 0 { loop.stop() }
            }
            companion.beginDrain(because: "the lead has ended")
        }
    }

    /// Envoy's `/drain_listeners`: the process stays, for somebody to look at.
    /// - Parameter then: called when every worker has stopped accepting.
    func drainListeners(then: @escaping () -> Void) {
        listenersAreDrained = true
        crew.ask(withinMs: Self.gatherMs) { worker, _ in
            worker.drain()
        } then: { [unowned self] _ in
            log.info("end", "listeners drained")
            then()
        }
    }
}
