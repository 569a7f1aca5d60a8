//! What `std` would bring along: memory, and what happens on a panic. Its own way of panicking writes a message that
//! no page ever shows, for which a page would download all that formats it.

use core::panic::PanicInfo;

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A trap, which JavaScript sees as a `RuntimeError`.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
