// What a signal costs an app in Kotlin: the same as `signals.rs` and `Signals.swift` do. Prints microseconds.

package com.delistening.bench

import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import kotlinx.coroutines.runBlocking

private const val SIGNALS = 100_000
private const val ROUNDS = 6

fun main(arguments: Array<String>) = runBlocking {
    val options = TelemetryOptions("http://127.0.0.1:9/", arguments[0])
    Telemetry(options, TokenProvider { error("there is no backend") }).use { telemetry ->
        val play = telemetry.session(Track("track-1", durationMs = 180_000), engine = "bench")
        play.playing(0)
        // The first rounds are those in which the machine compiles what runs.
        val best = List(ROUNDS) {
            val begin = System.nanoTime()
            repeat(SIGNALS) { play.position(100) }
            // Every signal is taken up when this is answered.
            telemetry.evidence()
            (System.nanoTime() - begin) / 1e3 / SIGNALS
        }.min()
        println(best)
    }
}
