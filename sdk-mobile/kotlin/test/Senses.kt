// What plays tell of the device, by consent alone; read as an app reads it, from flows. And a key kept by the app.

package com.delistening.sdk.test

import com.delistening.sdk.Activity
import com.delistening.sdk.Consent
import com.delistening.sdk.EndReason
import com.delistening.sdk.InternalException
import com.delistening.sdk.KeyStore
import com.delistening.sdk.LocationPrecision
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryEvents
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.conformancePanic
import java.io.File
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList

private class MemoryKeyStore : KeyStore {
    var key: ByteArray? = null

    override fun load(): ByteArray? {
        // A call into the library within a call into the library.
        assertFailsWith<InternalException> { conformancePanic("within another call") }
        return key
    }

    override fun save(key: ByteArray) {
        this.key = key
    }

    override fun erase() {
        key = null
    }
}

private fun Telemetry.sensedPlay() {
    activity(Activity.WALKING, 0.9)
    location(52.52, 13.405)
    val play = session(Track("track-1", durationMs = 400))
    play.output("headphones")
    play.playing(0)
    play.position(100)
    play.ended(EndReason.COMPLETED, 200)
}

suspend fun senses(folder: String) = coroutineScope {
    val keys = MemoryKeyStore()
    val events = TelemetryEvents()
    val options = TelemetryOptions("http://127.0.0.1:9/", folder)
    Telemetry(options, TokenProvider { error("there is no backend") }, events, keys).use { telemetry ->
        assertContentEquals(keys.key, assertNotNull(keys.load()))
        assertFalse(File(folder, "device.key").exists())
        val told = async(start = CoroutineStart.UNDISPATCHED) {
            val json = events.events.filterIsInstance<TelemetryEvent.Event>().map { it.json }
            json.take(3 + 5).toList()
        }
        telemetry.sensedPlay()
        telemetry.setConsent(Consent(motion = true, location = LocationPrecision.CITY, output = true))
        telemetry.sensedPlay()
        telemetry.sync(1.minutes)
        val types = told.await().map { Regex(""""type":"([^"]+)"""").find(it)!!.groupValues[1] }
        val play = listOf("play.started", "play.progress", "play.ended")
        val sensed = listOf("play.started", "signal.motion", "signal.location", "play.progress", "play.ended")
        assertEquals(play + sensed, types)
        assertEquals(listOf(""""cell":"u33d""""), told.await().mapNotNull { Regex(""""cell":"[^"]+"""").find(it)?.value })
        assertEquals(1, told.await().count { it.contains(""""output":"headphones"""") })
        assertEquals(8, events.status.first { it.events == 8L }.events)
        telemetry.forget()
        assertNull(keys.key)
        assertEquals(emptyList(), File(folder).list()!!.toList())
    }
    facts.println("fine")
}
