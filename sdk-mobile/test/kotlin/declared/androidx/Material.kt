package androidx.compose.material3

fun Text(text: String) = println(text)
