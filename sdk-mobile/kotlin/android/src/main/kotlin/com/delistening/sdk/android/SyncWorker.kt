package com.delistening.sdk.android

import android.content.Context
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.NetworkType
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import com.delistening.sdk.SyncOutcome
import com.delistening.sdk.Telemetry
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.toJavaDuration

/** The app's `Application`, which keeps the one telemetry: null where it could not be opened. */
interface TelemetryOwner {
    val telemetry: Telemetry?
}

/**
 * Sends what waits when the system has the app run: also after its process had ended, and in the windows that Doze leaves.
 * Call [schedule] when the app starts; its `Application` is a [TelemetryOwner].
 */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val telemetry = (applicationContext as? TelemetryOwner)?.telemetry ?: return Result.failure()
        // When the system stops the work, the coroutine is cancelled; what is under way then goes on, or is sent again.
        return when (telemetry.sync(DEADLINE)) {
            is SyncOutcome.Complete -> Result.success()
            is SyncOutcome.Pending -> Result.retry()
            is SyncOutcome.Stopped -> Result.failure()
        }
    }

    companion object {
        /** WorkManager gives ten minutes. */
        private val DEADLINE = 9.minutes
        private const val NAME = "com.delistening.sdk.sync"

        /** Runs it about [every] so often while there is a network: at least a quarter of an hour, says WorkManager. */
        fun schedule(context: Context, every: Duration = 4.hours) {
            val request = PeriodicWorkRequestBuilder<SyncWorker>(every.toJavaDuration())
                .setConstraints(Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build())
                .build()
            WorkManager.getInstance(context).enqueueUniquePeriodicWork(NAME, ExistingPeriodicWorkPolicy.UPDATE, request)
        }

        /** No more of it: when the listener does not want to be measured. */
        fun cancel(context: Context) {
            WorkManager.getInstance(context).cancelUniqueWork(NAME)
        }
    }
}
