/* The export writes VERSION and FILES above. Everything is stored at the first visit; afterwards no server is asked. */

const CACHE = `pocketscore-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("pocketscore-") && name !== CACHE;
  const clean = caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const wanted = new URL(event.request.url);
  const name = wanted.pathname.endsWith("/") ? "index.html" : event.request;
  event.respondWith(
    caches.open(CACHE).then((cache) => cache.match(name, { ignoreSearch: true })).then((found) => found ?? fetch(event.request)),
  );
});
