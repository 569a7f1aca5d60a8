package android.content

import android.content.pm.PackageManager
import android.content.res.Configuration
import java.io.File

abstract class Context {
    abstract val applicationContext: Context
    abstract val noBackupFilesDir: File
    abstract val packageManager: PackageManager

    abstract fun <T> getSystemService(serviceClass: Class<T>): T

    abstract fun registerComponentCallbacks(callback: ComponentCallbacks)

    abstract fun unregisterComponentCallbacks(callback: ComponentCallbacks)
}

interface ComponentCallbacks {
    fun onConfigurationChanged(newConfig: Configuration)

    @Deprecated("since API level 35")
    fun onLowMemory()
}

interface ComponentCallbacks2 : ComponentCallbacks {
    fun onTrimMemory(level: Int)
}
