package android.app

import android.content.ComponentCallbacks
import android.content.Context
import android.content.pm.PackageManager
import java.io.File

open class Application : Context() {
    override val applicationContext: Context get() = this
    override val noBackupFilesDir: File get() = error("only declared")
    override val packageManager: PackageManager get() = error("only declared")

    override fun <T> getSystemService(serviceClass: Class<T>): T = error("only declared")

    override fun registerComponentCallbacks(callback: ComponentCallbacks) = error("only declared")

    override fun unregisterComponentCallbacks(callback: ComponentCallbacks) = error("only declared")

    open fun onCreate() {}
}
