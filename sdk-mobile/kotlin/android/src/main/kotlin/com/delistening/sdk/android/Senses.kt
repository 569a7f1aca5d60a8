package com.delistening.sdk.android

import android.content.Context
import android.hardware.Sensor
import android.hardware.SensorEvent
import android.hardware.SensorEventListener
import android.hardware.SensorManager
import android.media.AudioDeviceInfo
import android.media.AudioManager
import com.delistening.sdk.PlaySession
import com.delistening.sdk.Telemetry

/**
 * Tells telemetry how the device moves, from its accelerometer. Make it when the listener has agreed, for as long as
 * something plays: samples wake the processor. What is told without consent is dropped; no sample is kept.
 *
 * Where the app has Play services, their activity recognition costs less: call [Telemetry.activity] then.
 */
class MotionAdapter(context: Context, private val telemetry: Telemetry) : AutoCloseable {
    private val sensors = context.getSystemService(SensorManager::class.java)

    private val listener = object : SensorEventListener {
        override fun onSensorChanged(event: SensorEvent) {
            val (x, y, z) = event.values
            telemetry.acceleration(x.toDouble(), y.toDouble(), z.toDouble())
        }

        override fun onAccuracyChanged(sensor: Sensor, accuracy: Int) = Unit
    }

    init {
        // Not every device has one.
        sensors.getDefaultSensor(Sensor.TYPE_ACCELEROMETER)?.let { sensors.registerListener(listener, it, PERIOD_US) }
    }

    override fun close() = sensors.unregisterListener(listener)

    private companion object {
        const val PERIOD_US = 50_000
    }
}

/**
 * Tells where the sound comes out at this moment, if the listener agreed to that. Call it when a play begins, and from an
 * `AudioDeviceCallback`.
 */
fun PlaySession.outputIsCurrentRoute(context: Context) {
    val devices = context.getSystemService(AudioManager::class.java).getDevices(AudioManager.GET_DEVICES_OUTPUTS)
    // Android plays to what was plugged in or connected before it plays to its own loudspeaker.
    val routes = devices.map { route(it.type) }
    output(ROUTES.firstOrNull { it in routes } ?: "other")
}

private val ROUTES = listOf("bluetooth", "headphones", "cast", "speaker")

private fun route(type: Int): String = when (type) {
    AudioDeviceInfo.TYPE_BLUETOOTH_A2DP, AudioDeviceInfo.TYPE_BLUETOOTH_SCO, AudioDeviceInfo.TYPE_HEARING_AID,
    AudioDeviceInfo.TYPE_BLE_HEADSET, AudioDeviceInfo.TYPE_BLE_SPEAKER,
    -> "bluetooth"
    AudioDeviceInfo.TYPE_WIRED_HEADPHONES, AudioDeviceInfo.TYPE_WIRED_HEADSET, AudioDeviceInfo.TYPE_USB_HEADSET,
    -> "headphones"
    AudioDeviceInfo.TYPE_HDMI, AudioDeviceInfo.TYPE_IP, AudioDeviceInfo.TYPE_REMOTE_SUBMIX -> "cast"
    AudioDeviceInfo.TYPE_BUILTIN_SPEAKER, AudioDeviceInfo.TYPE_BUILTIN_EARPIECE -> "speaker"
    else -> "other"
}
