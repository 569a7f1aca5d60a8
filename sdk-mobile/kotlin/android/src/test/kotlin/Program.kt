// What the tests of the Android sources run, on the JVM.

package com.delistening.sdk.android.test

import kotlinx.coroutines.runBlocking
import java.io.File

fun main(arguments: Array<String>) = runBlocking {
    val (command, folder) = arguments
    when (command) {
        "player" -> player(folder)
        "keystore" -> keystore(File(folder))
        "app" -> app(folder)
        else -> error("no such command: $command")
    }
    println("fine")
}
