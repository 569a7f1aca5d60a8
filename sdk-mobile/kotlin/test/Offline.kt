// A listener without a network, and the same device when it is back.

package com.delistening.sdk.test

import com.delistening.sdk.EndReason
import com.delistening.sdk.SyncOutcome
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryObserver
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.UrlConnectionTransport
import java.lang.ref.Reference
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.future.await

private fun open(folder: String, server: String): Telemetry {
    val observer = TelemetryObserver { event ->
        // The checkpoint of a receipt is a text of several lines.
        if (event !is TelemetryEvent.Status) facts.println(event.toString().replace("\n", "\\n"))
    }
    val tokens = TokenProvider { tokenOf(server, it.device) }
    return Telemetry(TelemetryOptions(server, folder), tokens, observer, transport = UrlConnectionTransport())
}

private fun said(outcome: SyncOutcome): String =
    if (outcome is SyncOutcome.Pending) outcome.toString() else outcome.javaClass.simpleName

/** What an app's backend would do; the development server does it for anyone on this machine. */
private suspend fun tokenOf(server: String, device: String): String {
    val request = HttpRequest.newBuilder(URI("$server/dev/token"))
        .header("content-type", "application/json")
        .POST(BodyPublishers.ofString("""{"device":"$device","listener":"zoë"}"""))
        .build()
    val answer = HttpClient.newHttpClient().sendAsync(request, BodyHandlers.ofString()).await().body()
    return checkNotNull(Regex(""""token":"([^"]+)"""").find(answer)) { answer }.groupValues[1]
}

/** Records a whole play and the beginning of another; then the process dies as if its battery had been taken out. */
suspend fun offline(folder: String, server: String) {
    val telemetry = open(folder, server)
    // Half of so short a track is heard before any clock could object.
    val whole = telemetry.session(Track("Fjörð 🎵", artist = "artist-7", durationMs = 400, offline = true))
    whole.playing(0)
    whole.position(120)
    whole.ended(EndReason.COMPLETED, 240)
    val broken = telemetry.session(Track("track-2", durationMs = 200_000), engine = "exoplayer")
    broken.playing(0)
    broken.paused(100)
    facts.println(said(telemetry.sync(1.minutes)))
    // What the garbage collector finds earlier would be let go of in good order.
    Reference.reachabilityFence(broken)
    Reference.reachabilityFence(telemetry)
    Runtime.getRuntime().halt(0)
}

/** Sends what an earlier process left behind. */
suspend fun syncWhatIsLeft(folder: String, server: String) {
    open(folder, server).use { telemetry ->
        facts.println("Device ${telemetry.device()}")
        facts.println(said(telemetry.sync(1.minutes)))
        facts.println(telemetry.status())
        facts.println(said(telemetry.shutDown(1.minutes)))
    }
}

/** Plays once more, and hands the evidence to the test when the log turns out to be another. */
suspend fun alarm(folder: String, server: String) {
    open(folder, server).use { telemetry ->
        val play = telemetry.session(Track("track-1", durationMs = 400))
        play.playing(0)
        play.ended(EndReason.SKIPPED, 200)
        facts.println(said(telemetry.sync(1.minutes)))
        facts.println(telemetry.evidence() ?: "no evidence")
    }
}
