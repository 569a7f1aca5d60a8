// The golden vectors, through the bindings.

package com.delistening.sdk.test

import com.delistening.sdk.conformance

/** Reads an operation and its input, a line each, until there are no more; answers each with a line. */
fun vectors() {
    val lines = System.`in`.bufferedReader(Charsets.UTF_8)
    while (true) {
        val operation = lines.readLine() ?: return
        facts.println(conformance(operation, lines.readLine()))
    }
}
