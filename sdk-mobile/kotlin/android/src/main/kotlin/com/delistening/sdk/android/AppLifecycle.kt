package com.delistening.sdk.android

import android.content.ComponentCallbacks2
import android.content.Context
import android.content.res.Configuration
import android.net.ConnectivityManager
import android.net.Network
import com.delistening.sdk.Telemetry
import java.io.File

/** A folder for telemetry that is in no backup and is not moved to another phone. */
val Context.telemetryFolder: String get() = File(noBackupFilesDir, "delistening").path

/**
 * Tells telemetry when the app leaves the screen or memory is scarce, so that it may be ended at any moment, and when the
 * network comes and goes. Make it with the telemetry, in `Application.onCreate`, and keep it as long.
 */
class AppLifecycle(context: Context, private val telemetry: Telemetry) : AutoCloseable {
    private val app = context.applicationContext
    private val networks = app.getSystemService(ConnectivityManager::class.java)

    private val life = object : ComponentCallbacks2 {
        // At any level: the first one is that nothing of the app can be seen.
        override fun onTrimMemory(level: Int) = telemetry.hidden()

        @Deprecated("Android calls onTrimMemory as well")
        override fun onLowMemory() = telemetry.hidden()

        override fun onConfigurationChanged(newConfig: Configuration) = Unit
    }

    private val network = object : ConnectivityManager.NetworkCallback() {
        override fun onAvailable(network: Network) = telemetry.online(true)

        override fun onLost(network: Network) = telemetry.online(false)
    }

    init {
        app.registerComponentCallbacks(life)
        networks.registerDefaultNetworkCallback(network)
    }

    override fun close() {
        app.unregisterComponentCallbacks(life)
        networks.unregisterNetworkCallback(network)
    }
}
