// What the tests run, each in a process of its own. Every line of output is one fact for the test to judge.

package com.delistening.sdk.test

import kotlinx.coroutines.runBlocking
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.PrintStream

/** Where facts go: UTF-8 and one line each, whatever the machine's own habits. */
val facts = PrintStream(FileOutputStream(FileDescriptor.out), true, "UTF-8")

fun main(arguments: Array<String>) = runBlocking {
    val (command, rest) = arguments.first() to arguments.drop(1)
    when (command) {
        "vectors" -> vectors()
        "offline" -> offline(folder = rest[0], server = rest[1])
        "sync" -> syncWhatIsLeft(folder = rest[0], server = rest[1])
        "refusals" -> refusals(parent = rest[0])
        "failures" -> failures(folder = rest[0])
        "concurrency" -> concurrency(folder = rest[0])
        "panics" -> panics(folder = rest[0])
        "drops" -> drops(folder = rest[0])
        "lifetimes" -> lifetimes(folder = rest[0])
        "version" -> version()
        "alarm" -> alarm(folder = rest[0], server = rest[1])
        "senses" -> senses(folder = rest[0])
        else -> error("no such command: $command")
    }
}
