import { Client } from "undici";
import type { Interface } from "./bare.ts";

/** One GET over a connection of its own, with nothing checked: the same library and the same use of it as a guest's. */
export async function get(url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const client = new Client(origin);
  try {
    const { body } = await client.request({ method: "GET", path: pathname });
    return await body.text();
  } finally {
    await client.destroy();
  }
}

/** What a guest's `http-get` is answered with. */
async function answer(url: string): Promise<unknown> {
  return { tag: "ok", val: await get(url) };
}

/** The imports of the fetching guest, with nothing checked. */
export function bareNetwork(): Readonly<Record<string, Interface>> {
  return { "sandbox:skill/network": { httpGet: answer, httpPost: answer } };
}
