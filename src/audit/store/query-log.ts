import type { SqlValue } from "../../shared/machine/database.ts";
import type { StoredEvent } from "../stored-event.ts";
import type { LogReader } from "./log-reader.ts";

/** What to look for; what is absent does not matter. */
export interface LogQuery {
  readonly component?: string | undefined;
  readonly type?: string | undefined;
  readonly result?: string | undefined;
  readonly rule?: string | undefined;
  /** `RUN-NUMBER`, or `RUN` for all of one process. */
  readonly invocation?: string | undefined;
  /** From then on, in ms since 1970. */
  readonly since?: number | undefined;
  /** Before then. */
  readonly until?: number | undefined;
  /** What the event's text has in it, whatever the case of ASCII letters. */
  readonly text?: string | undefined;
  /** Only events before this position: the next page. */
  readonly before?: number | undefined;
  /** Only events from this position on, the oldest first: what is new. */
  readonly from?: number | undefined;
}

/** An event with its position. */
export type LogEvent = StoredEvent & { readonly position: number };

/** How many events of a component are counted as one row. */
export interface LogCount {
  readonly component: string;
  readonly type: string;
  readonly result: string;
  readonly count: number;
}

interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Events that match, the newest first, or the oldest where `from` is given. */
export function queryLog(log: LogReader, query: LogQuery, limit: number): readonly LogEvent[] {
  const { sql, values } = conditionOf(log, query);
  const texts = query.text === undefined ? { sql: "", values: [] } : textCondition(query.text);
  const order = query.from === undefined ? "DESC" : "ASC";
  return log.database
    .prepare(
      `SELECT e.text AS text FROM facets f JOIN events e ON e.position = f.position WHERE ${sql} ${texts.sql} ORDER BY f.position ${order} LIMIT ?`,
    )
    .all(...values, ...texts.values, limit)
    .map(({ text }) => JSON.parse(String(text)) as LogEvent);
}

/** How many events match, by component, type and result; the most first. */
export function countLog(log: LogReader, query: LogQuery): readonly LogCount[] {
  const { sql, values } = conditionOf(log, query);
  const joined = query.text === undefined ? "" : "JOIN events e ON e.position = f.position";
  const texts = query.text === undefined ? { sql: "", values: [] } : textCondition(query.text);
  return log.database
    .prepare(
      `SELECT c.text AS component, t.text AS type, r.text AS result, n.count AS count FROM
      (SELECT component, type, result, count(*) AS count FROM facets f ${joined} WHERE ${sql} ${texts.sql} GROUP BY component, type, result) n
      JOIN names c ON c.id = n.component JOIN names t ON t.id = n.type JOIN names r ON r.id = n.result ORDER BY n.count DESC, 1, 2, 3`,
    )
    .all(...values, ...texts.values)
    .map(({ component, type, result, count }) => ({
      component: String(component),
      type: String(type),
      result: String(result),
      count: Number(count),
    }));
}

function textCondition(text: string): Condition {
  return {
    sql: String.raw`AND e.text LIKE ? ESCAPE '\'`,
    values: [`%${text.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`],
  };
}

/** The columns that must be as asked. A name that the log does not know matches nothing. */
function conditionOf(log: LogReader, query: LogQuery): Condition {
  const number = log.database.prepare("SELECT id FROM names WHERE text = ?");
  const parts: string[] = ["1 = 1"];
  const values: SqlValue[] = [];
  const add = (sql: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    parts.push(sql);
    values.push(value);
  };
  const named = (column: string, text: string | undefined): void => {
    if (text !== undefined) add(`f.${column} = ?`, Number(number.get(text)?.["id"] ?? -1));
  };
  named("component", query.component);
  named("type", query.type);
  named("result", query.result);
  named("rule", query.rule);
  const [run, call] = query.invocation?.split("-") ?? [];
  named("run", run);
  add("f.call = ?", call === undefined ? undefined : Number(call));
  add("f.time >= ?", query.since);
  add("f.time < ?", query.until);
  add("f.position < ?", query.before);
  add("f.position >= ?", query.from);
  return { sql: parts.join(" AND "), values };
}
