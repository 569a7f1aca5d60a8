// What goes wrong, and how an app learns of it: as typed exceptions when it opens telemetry, as events later.

package com.delistening.sdk.test

import com.delistening.sdk.Action
import com.delistening.sdk.EndReason
import com.delistening.sdk.QueueLimits
import com.delistening.sdk.SyncOutcome
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryException
import com.delistening.sdk.TelemetryObserver
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import java.io.File
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withTimeout

// Nothing listens there.
private const val NOWHERE = "http://127.0.0.1:9/"

private val noToken = TokenProvider { error("there is no backend") }

private fun Telemetry.playOnce() {
    val play = session(Track("track-1", durationMs = 400))
    play.playing(0)
    play.ended(EndReason.SKIPPED, 200)
}

/** Telemetry that cannot be opened throws, and says why in a type. */
suspend fun refusals(parent: String) {
    fun open(endpoint: String, folder: String, logKeys: List<String> = emptyList()) =
        Telemetry(TelemetryOptions(endpoint, folder, logKeys = logKeys), noToken)

    val endpoint = assertFailsWith<TelemetryException.InvalidEndpoint> { open("plays.example.com", parent) }
    assertEquals("plays.example.com", endpoint.endpoint)
    assertContains(endpoint.message, "plays.example.com")
    val option = assertFailsWith<TelemetryException.InvalidOption> { open(NOWHERE, parent, listOf("no key")) }
    assertEquals("log_keys", option.option)

    val never = QueueLimits(maxAge = -1.hours)
    val age = assertFailsWith<TelemetryException.InvalidOption> {
        Telemetry(TelemetryOptions(NOWHERE, parent, queue = never), noToken)
    }
    assertEquals("queue.max_age", age.option)

    val file = File(parent, "file").apply { writeText("a file, and no folder") }
    val folder = assertFailsWith<TelemetryException.FolderUnusable> { open(NOWHERE, file.path) }
    assertEquals(file.path, folder.folder)

    val used = File(parent, "used").path
    open(NOWHERE, used).use { telemetry ->
        assertFailsWith<TelemetryException.FolderInUse> { open(NOWHERE, used) }
        telemetry.shutDown(1.minutes)
    }
    File(used, "device.key").writeText("no key")
    assertFailsWith<TelemetryException.KeyUnusable> { open(NOWHERE, used) }
    facts.println("fine")
}

/** What an app's own callbacks do wrong reaches telemetry as an answer, and nothing of it comes back as a throw. */
suspend fun failures(folder: String) {
    val told = ConcurrentLinkedQueue<TelemetryEvent>()
    val careless = TelemetryObserver {
        told.add(it)
        error("an observer that fails")
    }
    Telemetry(TelemetryOptions(NOWHERE, folder), noToken, careless).use { telemetry ->
        telemetry.playOnce()
        telemetry.session(Track("")).playing(-1)
        assertEquals(3, assertIs<SyncOutcome.Pending>(telemetry.sync(1.minutes)).status.events)
        val (track, position, token) = told.filterIsInstance<TelemetryEvent.Error>()
        assertEquals(listOf("invalid-argument", "invalid-argument"), listOf(track.code, position.code))
        assertEquals("bad-token" to Action.REFRESH, token.code to token.action)
        assertContains(token.message, "there is no backend")
        telemetry.shutDown(1.minutes)
    }

    // A sync that nobody waits for any more is let go of; so is a callback that takes too long.
    val cancelled = CompletableDeferred<Unit>()
    val slow = TokenProvider {
        try {
            awaitCancellation()
        } finally {
            cancelled.complete(Unit)
        }
    }
    Telemetry(TelemetryOptions(NOWHERE, folder), slow).use { telemetry ->
        assertFailsWith<TimeoutCancellationException> { withTimeout(50.milliseconds) { telemetry.sync(1.hours) } }
        assertIs<SyncOutcome.Pending>(telemetry.sync(50.milliseconds))
        assertIs<SyncOutcome.Pending>(telemetry.shutDown(Duration.ZERO))
        cancelled.await()
        assertEquals(SyncOutcome.Stopped, telemetry.sync(1.minutes))
        telemetry.playOnce()
    }
    facts.println("fine")
}
