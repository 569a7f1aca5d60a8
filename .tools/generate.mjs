// `npm run generate`: writes what is generated from the schema's Rust types (JSON Schema, TypeScript types, golden
// vectors) back into schema/. A test of the schema fails while these are stale.

import { main, run, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup();
  const args = ["run", "--quiet", "-p", "delistening-schema", "--features", "generate", "--bin", "generate"];
  await step("Generate from the schema", () => run("cargo", args));
});
