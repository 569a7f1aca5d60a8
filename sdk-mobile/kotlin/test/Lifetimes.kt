// Many threads, many sessions, and a panic: what must not be lost, grow or end the process.

package com.delistening.sdk.test

import com.delistening.sdk.EndReason
import com.delistening.sdk.InternalException
import com.delistening.sdk.QueueLimits
import com.delistening.sdk.SyncOutcome
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryEvents
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.conformancePanic
import com.delistening.sdk.conformancePanicLater
import com.delistening.sdk.sdkVersion
import com.delistening.sdk.simulatePassing
import java.io.File
import kotlin.concurrent.thread
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

private fun open(folder: String, events: TelemetryEvents? = null, queue: QueueLimits? = null): Telemetry {
    val options = TelemetryOptions("http://127.0.0.1:9/", folder, queue = queue)
    return Telemetry(options, TokenProvider { error("there is no backend") }, events)
}

/** Three events. */
private fun Telemetry.playOnce() {
    session(Track("track-1", durationMs = 400, offline = true)).use { play ->
        play.playing(0)
        play.position(100)
        play.ended(EndReason.COMPLETED, 240)
    }
}

private fun waiting(outcome: SyncOutcome): Long = assertIs<SyncOutcome.Pending>(outcome).status.events

/** Threads and coroutines tell plays at once, while others ask: everything is kept. */
suspend fun concurrency(folder: String) {
    open(folder).use { telemetry ->
        val threads = List(8) { thread { repeat(25) { telemetry.playOnce() } } }
        coroutineScope {
            repeat(8) { launch(Dispatchers.Default) { repeat(25) { telemetry.playOnce() } } }
            repeat(4) { launch(Dispatchers.Default) { telemetry.evidence() } }
        }
        threads.forEach(Thread::join)
        assertEquals(16 * 25 * 3L, waiting(telemetry.sync(1.minutes)))
        assertEquals(16 * 25 * 3L, waiting(telemetry.shutDown(1.minutes)))
    }
    facts.println("fine")
}

/** A panic is an exception in Kotlin; on telemetry's own thread it ends telemetry, and nothing else. */
suspend fun panics(folder: String) = coroutineScope {
    assertContains("${assertFailsWith<InternalException> { conformancePanic("asked for") }}", "asked for")
    val later = assertFailsWith<InternalException> { conformancePanicLater("asked for later") }
    assertContains("$later", "asked for later")
    val events = TelemetryEvents()
    open(folder, events).use { telemetry ->
        val told = async(start = CoroutineStart.UNDISPATCHED) {
            events.events.filterIsInstance<TelemetryEvent.Error>().first { it.code == "core-failed" }
        }
        telemetry.playOnce()
        telemetry.conformancePanic("asked for on its thread")
        assertEquals(SyncOutcome.Stopped, telemetry.sync(1.minutes))
        assertContains(told.await().message, "asked for on its thread")
        telemetry.playOnce()
    }
    // What was heard before is still there.
    open(folder).use { next -> assertEquals(3, waiting(next.shutDown(Duration.ZERO))) }
    facts.println("fine")
}

/** What waits for longer than the app wants is given up, and that is told: in the flow, and in what waits. */
suspend fun drops(folder: String) = coroutineScope {
    val events = TelemetryEvents()
    open(folder, events, QueueLimits(maxAge = 90.days)).use { telemetry ->
        val told = async(start = CoroutineStart.UNDISPATCHED) {
            events.events.filterIsInstance<TelemetryEvent.Dropped>().take(3).toList()
        }
        telemetry.playOnce()
        assertEquals(3, waiting(telemetry.sync(1.minutes)))
        simulatePassing(91.days.inWholeMilliseconds)
        telemetry.sync(1.minutes)
        assertEquals(List(3) { "too_old" to 1L }, told.await().map { it.reason to it.events })
        assertEquals(0, events.status.first { it.events == 0L && it.batches == 0L }.events)
    }
    facts.println("fine")
}

/**
 * Sessions leave nothing behind, here or in the library: closed by the app, and let go of for the collector to find.
 * Run it with a heap that is all there from the start, so that what the process grows by is the library's.
 */
suspend fun lifetimes(folder: String) {
    open(folder).use { telemetry ->
        suspend fun make(sessions: Int) {
            repeat(sessions) { number ->
                val play = telemetry.session(Track("track-1"))
                play.position(1)
                if (number % 2 == 0) play.close()
            }
            // What was put before is taken up before this is answered.
            telemetry.evidence()
        }
        repeat(2) { make(10_000) }
        val before = Memory.now()
        repeat(10) { make(10_000) }
        val grown = Memory.now() - before
        facts.println("100000 sessions: ${grown.heap / 1024} KiB more of objects, ${grown.process / 1024} KiB more in all")
        assertTrue(grown.heap < 3_200_000 && grown.process < 9_600_000, "32 or 96 bytes of each session are still there")
    }
    facts.println("fine")
}

/** Bytes of objects that are in use, and of memory that this process holds. */
private class Memory(val heap: Long, val process: Long) {
    operator fun minus(other: Memory) = Memory(heap - other.heap, process - other.process)

    companion object {
        fun now(): Memory {
            // What the collector finds is handed to a thread that tells the library; twice, for what that thread lets go of.
            repeat(2) {
                System.gc()
                Thread.sleep(200)
            }
            val heap = Runtime.getRuntime().run { totalMemory() - freeMemory() }
            return Memory(heap, File("/proc/self/statm").readText().split(" ")[1].toLong() * 4_096)
        }
    }
}

/** What the library says of itself. */
fun version() = facts.println(sdkVersion())
