import type { Attachment, Track } from "@delistening/sdk";
import { onBeforeUnmount, onMounted, type ShallowRef } from "vue";
import { telemetry } from "./telemetry.js";

/** Measures what is heard of `track` on the media element of a template ref, as long as the element is there. */
export function useMeasured(media: Readonly<ShallowRef<HTMLMediaElement | null>>, track: () => Track): void {
  let attachment: Attachment | undefined;
  onMounted(() => {
    if (media.value) attachment = telemetry.attach(media.value, track);
  });
  onBeforeUnmount(() => attachment?.detach());
}
