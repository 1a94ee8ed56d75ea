// Keeps the page's files: small ones at once, large ones as they pass, so that nothing is fetched twice.
// VERSION, SMALL and LARGE stand above, where the folder is written: a new version is another set of files.

const KEPT = `${PREFIX}${VERSION}`;
const ALL = new Set(["./", ...SMALL, ...LARGE].map((file) => new URL(file, registration.scope).href));

/** The answer, as a page gets it that may share memory between its threads. */
function isolated(answer) {
  const headers = new Headers(answer.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

async function answered(request) {
  const cache = await caches.open(KEPT);
  const address = request.url.replace(/[?#].*$/, "");
  const kept = await cache.match(address);
  if (kept) return isolated(kept);
  const fresh = await fetch(request);
  if (fresh.ok && ALL.has(address)) await cache.put(address, fresh.clone()).catch(() => {});
  return isolated(fresh);
}

self.addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(["./", ...SMALL].map((file) => new Request(file, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== KEPT);
    await Promise.all(names.map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin) event.respondWith(answered(event.request));
});
