// The page's files in the browser, so that it opens without a network after the first visit.

const PATIENCE = 3000;

/** Waits until what is fetched is kept as it comes; where a browser keeps nothing, the page works with a network. */
export async function keepForOffline() {
  const worker = navigator.serviceWorker;
  if (!worker) return;
  const taken = new Promise((resolve) => worker.addEventListener("controllerchange", resolve, { once: true }));
  try {
    await worker.register("service_worker.js");
  } catch {
    return;
  }
  if (!worker.controller) await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

/** Calls back once all these files are kept here; what came before the worker did passes it now. */
export async function whenKept(files, told) {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.ready;
  const missing = async () => {
    const found = await Promise.all(files.map((file) => caches.match(file)));
    return files.filter((_, at) => !found[at]);
  };
  for (let tries = 0; tries < 20 && (await missing()).length; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  if (navigator.serviceWorker.controller) await Promise.all((await missing()).map((file) => fetch(file)));
  if (!(await missing()).length) told();
}
