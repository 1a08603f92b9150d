import { existsSync, realpathSync } from "node:fs";
import { dirname } from "node:path";

/** What names and certificates are looked up in, by the C library and by Node. */
const FOR_NETWORK = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/gai.conf"];

/** The libraries that this Node has loaded, which are those that another of its processes needs. */
export function sharedLibraries(): readonly string[] {
  const reporter: { excludeNetwork?: boolean; getReport: () => unknown } = process.report;
  const { excludeNetwork = false } = reporter;
  // Without it, the report looks up the names of everything this process is connected to.
  reporter.excludeNetwork = true;
  const report = reporter.getReport() as { readonly sharedObjects?: readonly string[] };
  reporter.excludeNetwork = excludeNetwork;
  const paths = (report.sharedObjects ?? []).filter((path) => path.startsWith("/") && existsSync(path));
  return paths.filter((path) => path !== process.execPath);
}

/** What the network needs beside them: how names are looked up, and the libraries that the C library loads for it. */
export function filesForNetwork(libraries: readonly string[], certificates: string | undefined): readonly string[] {
  const ofC = libraries.find((path) => /\/libc\.so\.6$|\/libc\.musl/u.test(path));
  const folder = ofC === undefined ? [] : [dirname(realpathSync(ofC)), dirname(ofC)];
  return [...new Set([...FOR_NETWORK, ...folder, ...(certificates === undefined ? [] : [certificates])])];
}
