package android.os

class Build {
    object VERSION {
        @JvmField val SDK_INT: Int = 34
    }

    object VERSION_CODES {
        const val P = 28
    }
}

class Looper

/** Keeps what is posted, so that a test may run it. */
class Handler(@Suppress("unused") looper: Looper) {
    fun postDelayed(r: Runnable, delayMillis: Long): Boolean {
        check(delayMillis > 0)
        return posted.add(r)
    }

    fun removeCallbacks(r: Runnable) {
        posted.removeAll { it === r }
    }

    companion object {
        val posted = mutableListOf<Runnable>()
    }
}
