import type { Call } from "../python-calls.ts";
import { argument } from "../python-calls.ts";
import type { Value } from "../python-values.ts";

/** A call that talks to the network. */
export interface NetworkCall {
  /** True when its purpose is to send: POST, sendall, an upload. */
  readonly sends: boolean;
  /** The position of the argument that names the destination, if one does. */
  readonly destination: number | undefined;
}

const HTTP_CLIENTS = [
  "requests.",
  "requests.Session().",
  "requests.session().",
  "httpx.",
  "httpx.Client().",
  "httpx.AsyncClient().",
  "aiohttp.ClientSession().",
  "urllib3.PoolManager().",
  "urllib3.",
  "aiohttp.",
];

const VERBS: readonly (readonly [string, NetworkCall])[] = [
  ["get", { sends: false, destination: 0 }],
  ["head", { sends: false, destination: 0 }],
  ["options", { sends: false, destination: 0 }],
  ["stream", { sends: true, destination: 1 }],
  ["delete", { sends: true, destination: 0 }],
  ["post", { sends: true, destination: 0 }],
  ["put", { sends: true, destination: 0 }],
  ["patch", { sends: true, destination: 0 }],
  ["request", { sends: true, destination: 1 }],
];

const SENDS: NetworkCall = { sends: true, destination: undefined };

const OTHERS: readonly (readonly [string, NetworkCall])[] = [
  ["urllib.request.urlopen", { sends: true, destination: 0 }],
  ["urllib.request.Request", { sends: true, destination: 0 }],
  ["urllib.request.urlretrieve", { sends: false, destination: 0 }],
  ["urllib.urlopen", { sends: true, destination: 0 }],
  ["http.client.HTTPConnection().request", SENDS],
  ["http.client.HTTPSConnection().request", SENDS],
  ["socket.socket().send", SENDS],
  ["socket.socket().sendall", SENDS],
  ["socket.socket().sendto", SENDS],
  ["socket.create_connection().send", SENDS],
  ["socket.create_connection().sendall", SENDS],
  ["socket.gethostbyname", { sends: true, destination: 0 }],
  ["socket.getaddrinfo", { sends: true, destination: 0 }],
  ["smtplib.SMTP().sendmail", SENDS],
  ["smtplib.SMTP().send_message", SENDS],
  ["smtplib.SMTP_SSL().sendmail", SENDS],
  ["smtplib.SMTP_SSL().send_message", SENDS],
  ["ftplib.FTP().storbinary", SENDS],
  ["ftplib.FTP().storlines", SENDS],
  ["ftplib.FTP_TLS().storbinary", SENDS],
  ["websocket.create_connection().send", SENDS],
  ["websockets.connect().send", SENDS],
  ["paramiko.SFTPClient.from_transport().put", SENDS],
];

const CALLS: ReadonlyMap<string, NetworkCall> = new Map([
  ...HTTP_CLIENTS.flatMap((client) => VERBS.map(([verb, call]) => [client + verb, call] as const)),
  ...OTHERS,
]);

/** What a call does on the network, or undefined. */
export function networkCall(call: Call): NetworkCall | undefined {
  return call.name === undefined ? undefined : CALLS.get(call.name);
}

/** The value that names where the data goes. */
export function destinationOf(call: Call, network: NetworkCall): Value | undefined {
  if (network.destination === undefined) return undefined;
  return call.args.keywords.get("url") ?? argument(call.args, network.destination, "url");
}
