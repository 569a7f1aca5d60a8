import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { useMeasured } from "./measured.js";
import { telemetry } from "./telemetry.js";
import { TRACKS } from "./tracks.js";

function App() {
  const [track, setTrack] = useState(TRACKS[0]);
  const [receipts, setReceipts] = useState(0);
  const media = useMeasured(track);
  useEffect(() => {
    const count = () => setReceipts((before) => before + 1);
    telemetry.addEventListener("receipt", count);
    return () => telemetry.removeEventListener("receipt", count);
  }, []);
  return (
    <>
      {TRACKS.map((listed) => (
        <button key={listed.id} type="button" onClick={() => setTrack(listed)}>
          {listed.title}
        </button>
      ))}
      {/* biome-ignore lint/a11y/useMediaCaption: music */}
      <audio ref={media} src={track.src} autoPlay controls />
      <p role="status">Receipts: {receipts}</p>
    </>
  );
}

const root = createRoot(document.querySelector("#app") as HTMLElement);
root.render(
  <StrictMode>
    <App />
  </StrictMode>,
);
