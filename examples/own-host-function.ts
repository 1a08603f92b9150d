/**
 * Gives a component a function of the embedder's own, behind a grant that bounds one of its parameters. The component is
 * guests/mailer.js.
 */
import assert from "node:assert/strict";
import { type HostFunctionInput, Sandbox } from "cordon";

const mailer = new URL("../build/examples/mailer.wasm", import.meta.url);
const sent: string[] = [];

const send: HostFunctionInput = {
  interface: "acme:mail/outbox",
  name: "send",
  type: "func(to: string, text: string) -> result<u32, string>",
  capability: "mail",
  // The grant says which addresses: a text, or a list of texts.
  check: { parameter: "to" },
  call: ([to, text]) => {
    sent.push(`${String(to)}: ${String(text)}`);
    return { tag: "ok", val: sent.length };
  },
};

await using sandbox = await Sandbox.open(mailer, {
  hostFunctions: [send],
  grants: { custom: { mail: ["team@example.com", "boss@example.com"] } },
  onEvent: ({ result, resource }) => console.log(`${result}: ${resource}`),
});

const { value, usage } = await sandbox.call("remind", [["team@example.com", "everyone@example.org"], "Lunch?"]);
assert.deepEqual(value, [
  "team@example.com: sent as number 1",
  'everyone@example.org: Permission denied: to is not one of the texts, which "mail" is granted for',
]);
assert.deepEqual(sent, ["team@example.com: Lunch?"]);
assert.equal(usage.denials, 1);

// Without the grant the function is there, and each call of it is denied.
await using ungranted = await Sandbox.open(mailer, { hostFunctions: [send] });
const denied = await ungranted.call("remind", [["team@example.com"], "Lunch?"]);
assert.deepEqual(denied.value, ['team@example.com: Permission denied: the custom capability "mail" is not granted']);
assert.equal(sent.length, 1);
