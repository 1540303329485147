/* The export writes VERSION and FILES above. Everything is stored at the first visit; afterwards no server is asked. */

const PREFIX = `pocketscore ${self.registration.scope} `; // other exports on the same host have stores of their own
const CACHE = PREFIX + VERSION;

/** Past the browser's own store, and without the mark of a redirect, which may not answer a visit to a page. */
async function stored(cache, name) {
  const response = await fetch(new Request(name, { cache: "reload" }));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  await cache.put(name, new Response(await response.blob(), { headers: response.headers }));
}

self.addEventListener("install", (event) => {
  const all = caches.open(CACHE).then((cache) => Promise.all(FILES.map((name) => stored(cache, name))));
  event.waitUntil(all.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith(PREFIX) && name !== CACHE;
  const clean = caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const name = origin + pathname === self.registration.scope ? "index.html" : event.request;
  event.respondWith(
    caches.open(CACHE).then((cache) => cache.match(name, { ignoreSearch: true })).then((found) => found ?? fetch(event.request)),
  );
});
