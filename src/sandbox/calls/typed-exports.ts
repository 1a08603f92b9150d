/** The names of exports that can be called: any where nothing is known of them. */
export type ExportName<Exports extends object> = [keyof Exports] extends [never] ? string : keyof Exports & string;

/** What an export takes. */
export type ExportParameters<Exports extends object, Name extends string> = Name extends keyof Exports
  ? Exports[Name] extends (...parameters: infer Parameters) => unknown
    ? Readonly<Parameters>
    : readonly unknown[]
  : readonly unknown[];

/** What a call of an export gives. */
export type ExportResult<Exports extends object, Name extends string> = Name extends keyof Exports
  ? Exports[Name] extends (...parameters: never) => infer Result
    ? Result
    : unknown
  : unknown;
