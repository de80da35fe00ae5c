// Run a model once in onnxruntime-web: node onnx_web.mjs MODULES FOLDER
//
// MODULES holds node_modules/onnxruntime-web. FOLDER holds model.onnx, and feeds.json with
// [{name, type, dims}, ...] whose bytes lie in feed0.bin, feed1.bin ...; found.json and found0.bin
// and so on are written beside them.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, folder] = process.argv.slice(2);
const ort = createRequire(join(modules, "index.js"))("onnxruntime-web");
const kinds = { float32: Float32Array, float64: Float64Array };
ort.env.wasm.numThreads = 1;

const session = await ort.InferenceSession.create(readFileSync(join(folder, "model.onnx")));
const feeds = {};
JSON.parse(readFileSync(join(folder, "feeds.json"))).forEach(({ name, type, dims }, index) => {
  const bytes = Uint8Array.from(readFileSync(join(folder, `feed${index}.bin`)));
  feeds[name] = new ort.Tensor(type, new kinds[type](bytes.buffer), dims);
});
const made = Object.entries(await session.run(feeds));
made.forEach(([, { data }], index) => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(join(folder, `found${index}.bin`), bytes);
});
const found = made.map(([name, { type, dims }]) => ({ name, type, dims }));
writeFileSync(join(folder, "found.json"), JSON.stringify(found));
