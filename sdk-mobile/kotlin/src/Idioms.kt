// What the generated bindings leave to be said in Kotlin's own way: callbacks as functions, and its durations.

package com.delistening.sdk

import kotlin.time.Duration
import kotlin.time.DurationUnit

/** A token provider from a function that asks the platform's backend. */
fun TokenProvider(ask: suspend (TokenRequest) -> String): TokenProvider =
    object : TokenProvider {
        override suspend fun token(request: TokenRequest): String = ask(request)
    }

/** An observer from a function. It is called on telemetry's own thread: return soon. */
fun TelemetryObserver(observe: (TelemetryEvent) -> Unit): TelemetryObserver =
    object : TelemetryObserver {
        override fun onEvent(event: TelemetryEvent) = observe(event)
    }

/** Seals and sends now; returns when everything that could be sent was answered, or [within] has passed. */
suspend fun Telemetry.sync(within: Duration): SyncOutcome = sync(within.toDouble(DurationUnit.SECONDS))

/** Ends the open sessions, sends what can be sent [within] that time, and lets go of the folder. */
suspend fun Telemetry.shutDown(within: Duration): SyncOutcome = shutDown(within.toDouble(DurationUnit.SECONDS))
