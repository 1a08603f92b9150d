// The component of `greeter.wit`, as componentize-js takes it: a listener for the event `fetch`.
let requests = 0;

async function answer(request) {
  const { pathname } = new URL(request.url);
  requests += 1;
  if (pathname === "/echo") return new Response(request.body, { headers: { "content-type": "text/plain" } });
  if (pathname === "/spin") for (;;);
  return new Response(`Hello from ${pathname}, request ${requests} of this instance\n`);
}

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));
