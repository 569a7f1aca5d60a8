// What the generated bindings leave to be said in Kotlin's own way: callbacks as functions.

package com.delistening.sdk

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
