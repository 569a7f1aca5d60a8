// Telemetry's events and state as flows.

package com.delistening.sdk

import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow

/** An observer whose events are read as flows, by any number of readers. Give it to [Telemetry]. */
class TelemetryEvents : TelemetryObserver {
    private val told = MutableSharedFlow<TelemetryEvent>(extraBufferCapacity = 1_000, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private val waiting = MutableStateFlow(Status(0, 0, 0))

    /** What happens from now on. A reader that falls behind by a thousand events misses the oldest. */
    val events: SharedFlow<TelemetryEvent> = told.asSharedFlow()

    /** What is waiting. */
    val status: StateFlow<Status> = waiting.asStateFlow()

    override fun onEvent(event: TelemetryEvent) {
        if (event is TelemetryEvent.Status) waiting.value = event.status
        told.tryEmit(event)
    }
}
