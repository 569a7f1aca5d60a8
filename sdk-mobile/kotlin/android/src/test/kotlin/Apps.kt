// What an app tells of its own life, and what the system's work comes to.

package com.delistening.sdk.android.test

import android.content.ComponentCallbacks
import android.content.ComponentCallbacks2
import android.content.Context
import android.content.pm.PackageManager
import android.hardware.Sensor
import android.hardware.SensorEvent
import android.hardware.SensorEventListener
import android.hardware.SensorManager
import android.media.AudioDeviceInfo
import android.media.AudioManager
import android.net.ConnectivityManager
import androidx.work.WorkerParameters
import com.delistening.sdk.Consent
import com.delistening.sdk.Telemetry
import com.delistening.sdk.TelemetryEvent
import com.delistening.sdk.TelemetryObserver
import com.delistening.sdk.TelemetryOptions
import com.delistening.sdk.TokenProvider
import com.delistening.sdk.Track
import com.delistening.sdk.android.AppLifecycle
import com.delistening.sdk.android.MotionAdapter
import com.delistening.sdk.android.SyncWorker
import com.delistening.sdk.android.TelemetryOwner
import com.delistening.sdk.android.outputIsCurrentRoute
import com.delistening.sdk.android.telemetryFolder
import java.io.File
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.time.Duration.Companion.seconds

private class Networks : ConnectivityManager() {
    var callback: NetworkCallback? = null

    override fun registerDefaultNetworkCallback(networkCallback: NetworkCallback) {
        callback = networkCallback
    }

    override fun unregisterNetworkCallback(networkCallback: NetworkCallback) {
        callback = null
    }
}

private class Sensors : SensorManager() {
    var listener: SensorEventListener? = null

    override fun getDefaultSensor(type: Int) = Sensor()

    override fun registerListener(listener: SensorEventListener, sensor: Sensor, samplingPeriodUs: Int): Boolean {
        this.listener = listener
        return true
    }

    override fun unregisterListener(listener: SensorEventListener) {
        this.listener = null
    }
}

private class Outputs : AudioManager() {
    override fun getDevices(flags: Int): Array<AudioDeviceInfo> =
        arrayOf(device(AudioDeviceInfo.TYPE_BUILTIN_SPEAKER), device(AudioDeviceInfo.TYPE_USB_HEADSET))

    private fun device(its: Int) = object : AudioDeviceInfo() {
        override val type = its
    }
}

/** The app's `Application`. */
private class App(override val noBackupFilesDir: File) : Context(), TelemetryOwner {
    val networks = Networks()
    val sensors = Sensors()
    var callbacks: ComponentCallbacks? = null
    override var telemetry: Telemetry? = null
    override val applicationContext get() = this
    override val packageManager: PackageManager get() = error("not asked for")

    override fun <T> getSystemService(serviceClass: Class<T>): T {
        val services = listOf(networks, sensors, Outputs())
        return serviceClass.cast(services.first { serviceClass.isInstance(it) })
    }

    override fun registerComponentCallbacks(callback: ComponentCallbacks) {
        callbacks = callback
    }

    override fun unregisterComponentCallbacks(callback: ComponentCallbacks) {
        callbacks = null
    }
}

suspend fun app(folder: String) {
    val app = App(File(folder))
    suspend fun work() = SyncWorker(app, WorkerParameters()).doWork().toString()
    assertEquals("failure", work(), "without telemetry")
    val told = ConcurrentLinkedQueue<TelemetryEvent>()
    val options = TelemetryOptions("http://127.0.0.1:9/", app.telemetryFolder)
    val telemetry = Telemetry(options, TokenProvider { error("there is no backend") }, TelemetryObserver { told.add(it) })
    app.telemetry = telemetry
    assertEquals("success", work(), "with nothing to send")
    telemetry.setConsent(Consent(motion = true, output = true))
    MotionAdapter(app, telemetry).use {
        repeat(3) { app.sensors.listener!!.onSensorChanged(SensorEvent(floatArrayOf(0f, 0f, 9.81f))) }
    }
    assertNull(app.sensors.listener)
    val lifecycle = AppLifecycle(app, telemetry)
    val play = telemetry.session(Track("track-1", durationMs = 60_000))
    play.outputIsCurrentRoute(app)
    play.playing(0)
    play.position(10)
    (app.callbacks as ComponentCallbacks2).onTrimMemory(20)
    app.networks.callback!!.onLost(android.net.Network())
    app.networks.callback!!.onAvailable(android.net.Network())
    assertEquals("retry", work(), "without a server")
    val json = told.filterIsInstance<TelemetryEvent.Event>().map { it.json }
    // What was heard is told before anybody asks for it: when nothing of the app can be seen.
    assertEquals(listOf("play.started", "play.progress"), json.take(2).map { Regex(""""type":"([^"]+)"""").find(it)!!.groupValues[1] })
    assertContains(json[1], """"output":"headphones"""")
    play.close()
    lifecycle.close()
    assertEquals(listOf(null, null), listOf(app.callbacks, app.networks.callback))
    telemetry.shutDown(1.seconds)
    assertEquals("failure", work(), "after the end")
}
