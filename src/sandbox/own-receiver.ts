import { CordonError } from "../shared/errors.ts";

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** The descriptor of a method or an accessor. */
interface Member {
  readonly value?: unknown;
  readonly get?: Method;
  readonly configurable?: boolean;
  readonly enumerable?: boolean;
}

/**
 * Has every method and accessor of a class refuse what is no object of it: a method that was taken off its object has none. They throw a
 * CordonError `usage`, or reject with it where they give a promise.
 *
 * @param noun What an object of the class is called in messages.
 * @param isOne Whether it is one; looks without running code of it.
 */
export function refuseOtherReceivers(
  made: { readonly prototype: object },
  noun: string,
  isOne: (self: object) => boolean,
): void {
  const isReceiver = (self: unknown): boolean => typeof self === "object" && self !== null && isOne(self);
  for (const key of Reflect.ownKeys(made.prototype)) {
    const { value, get: getter, ...rest } = (Object.getOwnPropertyDescriptor(made.prototype, key) ?? {}) as Member;
    if (key === "constructor") continue;
    const name = typeof key === "string" ? key : `[${key.description ?? ""}]`;
    const checked = (inner: Method, shown: string): Method =>
      function (...given) {
        if (isReceiver(this)) return Reflect.apply(inner, this, given);
        const error = new CordonError(
          "usage",
          `Cannot use ${shown}: it was taken off its ${noun}; use it as ${noun}.${shown}`,
        );
        if (Object.prototype.toString.call(inner) === "[object AsyncFunction]") return Promise.reject(error);
        throw error;
      };
    if (typeof value === "function") {
      const wrapped = Object.defineProperties(checked(value as Method, `${name}()`), {
        name: { value: value.name as unknown, configurable: true },
        length: { value: value.length as unknown, configurable: true },
      });
      Object.defineProperty(made.prototype, key, { ...rest, value: wrapped });
    } else if (getter !== undefined) {
      Object.defineProperty(made.prototype, key, { ...rest, get: checked(getter, name) });
    }
  }
}
