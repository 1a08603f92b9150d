import type { StoredEvent } from "../stored-event.ts";

/** What an event can be asked for by, in columns; a copy of what its text says. Texts are empty where it says nothing. */
export interface Facets {
  /** In ms since 1970. */
  readonly time: number;
  readonly component: string;
  readonly type: string;
  readonly result: string;
  /** The process whose invocation it was. */
  readonly run: string;
  /** Which invocation of that process, from 1; 0 for none. */
  readonly call: number;
  readonly rule: string;
}

/** The facets of an event. */
export function facetsOf(event: StoredEvent): Facets {
  const [run = "", call = "0"] = event.invocation?.split("-") ?? [];
  return {
    time: Date.parse(event.timestamp),
    component: event.component_id,
    type: event.event_type,
    result: event.result,
    run,
    call: Number(call),
    rule: event.rule ?? "",
  };
}
