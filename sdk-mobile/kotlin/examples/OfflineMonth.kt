// A listener's month without a network, and the sync at its end, in two commands:
//
//     OfflineMonth play FOLDER ENDPOINT FROM_DAY TO_DAY     plays eight tracks a day and dies in the middle of one
//     OfflineMonth sync FOLDER ENDPOINT                     sends everything
//
// The days pass at once: the library is built with the feature `simulation`, whose clock a program may move. ENDPOINT is
// a server in development (`npm start`), which gives anybody on this machine a token.

package com.delistening.example.month

import com.delistening.sdk.EndReason
import com.delistening.sdk.PlaySession
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryObserver
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.simulatePassing
import com.delistening.sdk.simulatePast
import java.lang.ref.Reference
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import kotlin.system.exitProcess
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.future.await
import kotlinx.coroutines.runBlocking

private const val DAYS = 30
private const val PER_DAY = 8
private val LENGTH = 45.seconds

private suspend fun tokenOf(server: String, device: String): String {
    val request = HttpRequest.newBuilder(URI("$server/dev/token"))
        .header("content-type", "application/json")
        .POST(BodyPublishers.ofString("""{"device":"$device","listener":"listener-1"}"""))
        .build()
    val answer = HttpClient.newHttpClient().sendAsync(request, BodyHandlers.ofString()).await().body()
    return checkNotNull(Regex(""""token":"([^"]+)"""").find(answer)) { answer }.groupValues[1]
}

private fun open(folder: String, server: String, observer: TelemetryObserver? = null) =
    Telemetry(TelemetryOptions(server, folder), TokenProvider { tokenOf(server, it.device) }, observer)

private fun Telemetry.begin(number: Int): PlaySession {
    val track = Track("track-$number", artist = "artist-${number % 7}", durationMs = LENGTH.inWholeMilliseconds, offline = true)
    return session(track).apply { playing(0) }
}

/** Has time pass when telemetry has taken up what it was told before: it reads the same clock. */
private suspend fun Telemetry.pass(time: Duration) {
    evidence()
    simulatePassing(time.inWholeMilliseconds)
}

private suspend fun Telemetry.hear(play: PlaySession, until: Duration) {
    for (position in 5_000..until.inWholeMilliseconds step 5_000) {
        pass(5.seconds)
        play.position(position)
    }
}

private suspend fun playMonth(folder: String, server: String, days: IntRange) {
    simulatePast((DAYS - days.first).days.inWholeMilliseconds)
    val telemetry = open(folder, server)
    telemetry.online(false)
    for (number in days.first * PER_DAY..<days.last * PER_DAY) {
        val play = telemetry.begin(number)
        telemetry.hear(play, LENGTH)
        play.ended(EndReason.COMPLETED, LENGTH.inWholeMilliseconds)
        telemetry.pass(1.days / PER_DAY - LENGTH)
    }
    val broken = telemetry.begin(-1)
    telemetry.hear(broken, 10.seconds)
    // What was told before is on disk when this is answered.
    telemetry.evidence()
    // What the garbage collector finds earlier would be let go of in good order.
    Reference.reachabilityFence(broken)
    Reference.reachabilityFence(telemetry)
    // As if the battery had been taken out.
    Runtime.getRuntime().halt(137)
}

private suspend fun syncAll(folder: String, server: String) {
    val told = mutableListOf<TelemetryEvent>()
    open(folder, server, TelemetryObserver { told.add(it) }).use { telemetry ->
        val outcome = telemetry.sync(2.minutes)
        // Nothing is told any more when this returns.
        telemetry.shutDown(Duration.ZERO)
        val receipts = told.count { it is TelemetryEvent.Receipt }
        val dropped = told.count { it is TelemetryEvent.Dropped }
        val errors = told.filterIsInstance<TelemetryEvent.Error>().map { it.code }
        println("${outcome.javaClass.simpleName} receipts=$receipts dropped=$dropped errors=$errors")
    }
}

fun main(arguments: Array<String>) = runBlocking {
    val (command, rest) = arguments.firstOrNull() to arguments.drop(1)
    when {
        command == "play" && rest.size == 4 -> playMonth(rest[0], rest[1], rest[2].toInt()..rest[3].toInt())
        command == "sync" && rest.size == 2 -> syncAll(rest[0], rest[1])
        else -> {
            println("OfflineMonth play FOLDER ENDPOINT FROM_DAY TO_DAY | OfflineMonth sync FOLDER ENDPOINT")
            exitProcess(2)
        }
    }
}
