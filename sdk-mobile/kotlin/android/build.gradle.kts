// The library for Android. `npm run build:android` makes what it packs, in target/android, and then runs it.

plugins {
    id("com.android.library") version "8.13.0"
    kotlin("android") version "2.4.20"
    `maven-publish`
}

val top = rootDir.resolve("../..")
val made = top.resolve("target/android")

group = "com.delistening"
// That of the crate.
version = Regex("""(?m)^version = "(.+)"$""").find(top.resolve("Cargo.toml").readText())!!.groupValues[1]

android {
    namespace = "com.delistening.sdk.android"
    compileSdk = 36

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }

    sourceSets["main"].apply {
        kotlin.srcDirs(rootDir.resolve("src"), made.resolve("bindings"))
        jniLibs.srcDir(made.resolve("jniLibs"))
    }

    // Its tests run without Gradle; see sdk-mobile/test/kotlin.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<File>())

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    publishing { singleVariant("release") { withSourcesJar() } }
}

kotlin { jvmToolchain(17) }

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.8.0")
    implementation("net.java.dev.jna:jna:5.18.1@aar")
    // An app brings these if it uses ExoPlayerAdapter or SyncWorker.
    compileOnly("androidx.media3:media3-common:1.8.0")
    compileOnly("androidx.work:work-runtime:2.10.5")
}

publishing {
    publications.register<MavenPublication>("release") {
        artifactId = "sdk-android"
        afterEvaluate { from(components["release"]) }
    }
}
