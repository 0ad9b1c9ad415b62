// Gives memory back to the system once a configuration has been taken over.
// Reading and comparing ten thousand hosts leaves some ten megabytes of free memory behind, and as
// much code that is not needed before the next change; it is let go a moment later, when whoever
// still held the configuration before has let go of it too.
internal import Net

final class MemoryRelease: TimerTarget {
    private static let delayMs: UInt64 = 250

    static func schedule(on loop: Loop) {
        _ = loop.timers.schedule(afterMs: delayMs, target: MemoryRelease(), tag: 0)
    }

    override func timerFired(tag: UInt8) {
        ProcessLimits.releaseMemory()
    }
}
