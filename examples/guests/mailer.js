// The component of `mailer.wit`. An `err` of a host function is thrown here.
import { send } from "acme:mail/outbox";

export function remind(addresses, text) {
  return addresses.map((to) => {
    try {
      return `${to}: sent as number ${send(to, text)}`;
    } catch (error) {
      return `${to}: ${error.payload}`;
    }
  });
}
