// Tells the service manager that every worker still turns, as often as it wants to hear it.
// A loop that is stuck stops the messages, and systemd starts the process anew: that is all a
// watchdog is for, so the control thread's own health is not enough.
internal import Net
internal import Proxy

final class Watchdog: TimerTarget {
    private let loop: Loop
    private let crew: Crew
    private let intervalMs: UInt64

    /// nil where the service manager does not want to know.
    init?(loop: Loop, crew: Crew) {
        guard let limit = ServiceNotice.watchdogMs else { return nil }
        self.loop = loop
        self.crew = crew
        // sd_watchdog_enabled(3) recommends half of it.
        intervalMs = max(1, limit / 2)
        super.init()
        schedule()
    }

    private func schedule() {
        _ = loop.timers.schedule(afterMs: intervalMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        schedule()
        let expected = crew.count
        crew.ask(withinMs: intervalMs) { _, _ in
            true
        } then: { answers in
            if answers.count == expected { ServiceNotice.send(["WATCHDOG=1"]) }
        }
    }
}
