/**
 * Where the glue copies bytes that a host function answered into the guest's memory: from the length it takes, through the room it
 * has the guest make, to the copy itself. Whole lines of the generator's own.
 */
const LOWERED_BYTES =
  /(\n *var len(\d+) = Array\.isArray\(val\2\) \? val\2\.length : val\2\.byteLength;\n *var ptr\2 = (realloc\d+)\(0, 0, 1, len\2 \* 1\);\n[^]*?)(\n *)(valData\2 = new Uint8Array\(val\2\.buffer \|\| val\2, val\2\.byteOffset, valLenBytes\2\);\n *const out\2 = new Uint8Array\((memory\d+)\.buffer, ptr\2, valLenBytes\2\);\n *out\2\.set\(valData\2\);)/g;

/**
 * Has bytes that are not read yet be read into the guest's memory, instead of being copied there. When there were fewer than was
 * said, the guest takes the room back that is too much.
 */
export function withPouredBytes(glue: string): string {
  return glue.replaceAll(
    LOWERED_BYTES,
    (_all, before: string, id: string, realloc: string, line: string, copy: string, memory: string) =>
      `${before}${line}if (val${id}.pourInto !== undefined) {${line}  len${id} = val${id}.pourInto(${memory}.buffer, ptr${id});` +
      `${line}  if (len${id} < valLenBytes${id}) ptr${id} = ${realloc}(ptr${id}, valLenBytes${id}, 1, len${id});` +
      `${line}} else {${line}  ${copy}${line}}`,
  );
}
