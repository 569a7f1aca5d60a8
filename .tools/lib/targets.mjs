// The platforms that an app's library is built for, by the names that Rust has for them.

/** What an XCFramework holds: a library for each platform, of all its processors. */
export const APPLE = {
  ios: ["aarch64-apple-ios"],
  "ios-simulator": ["aarch64-apple-ios-sim", "x86_64-apple-ios"],
  macos: ["aarch64-apple-darwin", "x86_64-apple-darwin"],
};

/** By the names that Android has for them. */
export const ANDROID = {
  "arm64-v8a": "aarch64-linux-android",
  "armeabi-v7a": "armv7-linux-androideabi",
  x86_64: "x86_64-linux-android",
};

/** What the C code in the library, and Rust, are compiled for at least. */
export const LEAST = { IPHONEOS_DEPLOYMENT_TARGET: "16.0", MACOSX_DEPLOYMENT_TARGET: "13.0" };
