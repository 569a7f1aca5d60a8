// Where a call into the library says how it went.

package com.delistening.sdk

/**
 * The native memory into which the library writes how a call went, kept for the next call of the same thread: to make it and
 * let go of it takes JNA longer than all the rest of a call. The generated bindings take it from here (see
 * `.tools/lib/mobile.mjs`). One that says that a call failed is not given back, and a call within a call makes one of its own.
 */
internal object SpareStatus {
    private val spare = ThreadLocal<UniffiRustCallStatus?>()

    fun take(): UniffiRustCallStatus = spare.get()?.also { spare.set(null) } ?: UniffiRustCallStatus()

    fun giveBack(status: UniffiRustCallStatus) = spare.set(status)
}
