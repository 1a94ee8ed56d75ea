// What transformers.js answers to images, as one line of JSON: node classify.mjs TRANSFORMERS FOLDER_OR_REPO HOST IMAGE...
// HOST is a Hub's address, or "-" where the model is a folder of this machine.

import { pathToFileURL } from "node:url";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const [library, model, host, ...images] = process.argv.slice(2);
const { env, pipeline } = await import(pathToFileURL(path.resolve(library)).href);
const kept = mkdtempSync(path.join(tmpdir(), "javascript-")); // under Node a file of a Hub is opened from the disk
env.cacheDir = kept;
if (host === "-") [env.allowRemoteModels, env.localModelPath] = [false, path.dirname(path.resolve(model)) + path.sep];
else [env.allowLocalModels, env.remoteHost] = [false, host];
const classifier = await pipeline("image-classification", host === "-" ? path.basename(model) : model);
const answers = [];
for (const image of images) answers.push(await classifier(image, { top_k: null }));
console.log(JSON.stringify(answers));
rmSync(kept, { recursive: true });
