// When a certificate is asked for: the whole life of one, with the clock in the test's hands.
import PKI
import Testing

@testable import Control

@Suite("course of enrolment") struct EnrolmentCourseTests {
    private let start = UnixTime(1_800_000_000)
    private let day: Int64 = 86400

    private func adopted(jitter: Double = 0) -> EnrolmentCourse {
        var course = EnrolmentCourse(refreshSeconds: 60)
        course.adopted(issuedAt: start, notAfter: start + day, jitter: jitter)
        course.refreshed(at: start, jitter: 0)
        return course
    }

    @Test("without a certificate it enrols at once")
    func first() {
        let course = EnrolmentCourse(refreshSeconds: 60)
        #expect(course.step(at: start) == .enrol)
        #expect(course.secondsToNextStep(at: start) == 0)
    }

    @Test("it renews at half of the life, give or take a hundredth of it")
    func half() {
        let half = start + day / 2
        #expect(adopted().renewAt == half)
        #expect(adopted(jitter: 1).renewAt == half + day / 100)
        #expect(adopted(jitter: -1).renewAt == half - day / 100)
        #expect(adopted(jitter: 99).renewAt == half + day / 100)
        var course = adopted()
        course.refreshed(at: half - 10, jitter: 0)
        #expect(course.step(at: half - 1) == .wait)
        #expect(course.secondsToNextStep(at: half - 1) == 1)
        #expect(course.step(at: half) == .renew)
    }

    @Test("between renewals it asks for roots and lists, every minute")
    func refresh() {
        var course = adopted()
        #expect(course.step(at: start + 59) == .wait)
        #expect(course.secondsToNextStep(at: start) == 60)
        #expect(course.step(at: start + 60) == .refresh)
        course.refreshed(at: start + 60, jitter: 1)
        #expect(course.secondsToNextStep(at: start + 60) == 66)
    }

    @Test("attempts that fail come 1, 2, 4 up to 60 seconds apart, half of it by chance")
    func backoff() {
        var course = adopted()
        let half = start + day / 2
        var waits: [Int64] = []
        for _ in 0..<9 {
            course.failed(.renew, at: half, spread: 1)
            waits.append(course.secondsToNextStep(at: half))
            #expect(course.step(at: half) == .wait)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        course.failed(.renew, at: half, spread: 0)
        #expect(course.secondsToNextStep(at: half) == 30)
        #expect(course.step(at: half + 30) == .renew)
        course.adopted(issuedAt: half + 30, notAfter: half + 30 + day, jitter: 0)
        course.failed(.refresh, at: half + 31, spread: 1)
        #expect(course.secondsToNextStep(at: half + 31) == 1, "a success begins anew")
    }

    @Test("what is left of a short life is not slept through")
    func shortLife() {
        var course = EnrolmentCourse(refreshSeconds: 60)
        course.adopted(issuedAt: start, notAfter: start + 100, jitter: 0)
        for _ in 0..<10 { course.failed(.renew, at: start + 60, spread: 1) }
        #expect(course.secondsToNextStep(at: start + 60) == 5)
        for _ in 0..<10 { course.failed(.renew, at: start + 99, spread: 1) }
        #expect(course.secondsToNextStep(at: start + 99) == 1)
    }

    @Test("while the authority is away it goes on renewing until the end, and enrols after it")
    func away() {
        var course = adopted()
        var now = start + day / 2
        var attempts = 0
        while now <= start + day {
            let step = course.step(at: now)
            if step == .wait {
                now = now + max(1, course.secondsToNextStep(at: now))
            } else {
                #expect(step == .renew)
                attempts += 1
                course.failed(step, at: now, spread: 0.5)
            }
        }
        #expect(attempts > day / 2 / 60)
        now = start + day + 61
        #expect(course.step(at: now) == .enrol)
    }

    @Test("a certificate that the authority refuses is given up for a token, and not shown again")
    func disowned() {
        var course = adopted()
        let half = start + day / 2
        course.failed(.renew, at: half, isRefusal: true, spread: 0)
        #expect(course.step(at: half + 1) == .enrol)
        // A token that is refused says nothing about the certificate.
        var other = adopted()
        other.failed(.enrol, at: half, isRefusal: true, spread: 0)
        #expect(other.step(at: half + 1) == .renew)
        course.adopted(issuedAt: half, notAfter: half + day, jitter: 0)
        #expect(course.step(at: half + day / 2) == .renew)
    }

    @Test("the end is told of three times: a quarter left, a tenth left, over")
    func warnings() {
        var course = adopted()
        let told = stride(from: Int64(0), through: day + 100, by: 10)
            .filter { course.warningIsDue(at: start + $0) }
        #expect(told.count == 3)
        #expect(told == [day * 3 / 4 + 10, day * 9 / 10 + 10, day + 10])
        course.adopted(issuedAt: start + day, notAfter: start + 2 * day, jitter: 0)
        let tooEarly = course.warningIsDue(at: start + day + 1)
        #expect(!tooEarly)
    }

    @Test("a clock that jumps ahead leads to a renewal, and one put back to none")
    func clock() {
        let course = adopted()
        #expect(course.step(at: start + day - 1) == .renew)
        #expect(course.step(at: start + 400 * day) == .enrol)
        #expect(course.step(at: start - 3600) == .wait)
    }

    @Test("the operator's hurry renews now, also between two attempts")
    func hurry() {
        var course = adopted()
        course.hurry(at: start + 5)
        #expect(course.step(at: start + 5) == .renew)
        course.failed(.renew, at: start + 5, spread: 1)
        course.hurry(at: start + 5)
        #expect(course.step(at: start + 5) == .renew)
    }
}
