// WorkManager: work that the system runs when it can.

package androidx.work

import android.content.Context
import java.time.Duration

class WorkerParameters

abstract class ListenableWorker(val applicationContext: Context) {
    class Result private constructor(private val name: String) {
        override fun toString() = name

        companion object {
            @JvmStatic fun success() = Result("success")

            @JvmStatic fun retry() = Result("retry")

            @JvmStatic fun failure() = Result("failure")
        }
    }
}

abstract class CoroutineWorker(
    appContext: Context,
    @Suppress("unused") params: WorkerParameters,
) : ListenableWorker(appContext) {
    abstract suspend fun doWork(): Result
}

enum class NetworkType { CONNECTED }

enum class ExistingPeriodicWorkPolicy { UPDATE }

class Constraints {
    class Builder {
        fun setRequiredNetworkType(networkType: NetworkType): Builder = declared(networkType)

        fun build(): Constraints = declared()
    }
}

class PeriodicWorkRequest {
    class Builder {
        fun setConstraints(constraints: Constraints): Builder = declared(constraints)

        fun build(): PeriodicWorkRequest = declared()
    }
}

inline fun <reified W : ListenableWorker> PeriodicWorkRequestBuilder(repeatInterval: Duration): PeriodicWorkRequest.Builder =
    declared(W::class, repeatInterval)

abstract class WorkManager {
    abstract fun enqueueUniquePeriodicWork(name: String, policy: ExistingPeriodicWorkPolicy, request: PeriodicWorkRequest)

    abstract fun cancelUniqueWork(name: String)

    companion object {
        @JvmStatic fun getInstance(context: Context): WorkManager = declared(context)
    }
}

/** What is only declared here. */
@Suppress("UNUSED_PARAMETER")
@PublishedApi
internal fun declared(vararg given: Any): Nothing = error("only declared")
