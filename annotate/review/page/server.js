/** Requests to the server that this page came from; the token comes in the address's fragment, and stays here. */

const TOKEN = "annotate-token";
const PATIENCE = 15_000; // milliseconds

/** The server gave no answer, or one that says to try again. */
export class Away extends Error {}

/** The server answered, and refuses; `status` and `body` are its answer. */
export class Refused extends Error {
  constructor(status, body) {
    super([body.error, body.remedy].filter(Boolean).join("; ") || `the server refuses (${status})`);
    this.status = status;
    this.body = body;
  }
}

const newcomers = new BroadcastChannel("annotate-token");
let token = sessionStorage.getItem(TOKEN) ?? "";

/** Take the token out of the address, so that no history or screenshot keeps it; true where there was one. */
function takeToken() {
  const fragment = decodeURIComponent(location.hash.slice(1));
  if (!fragment || document.getElementById(fragment)) return false;
  useToken(fragment);
  history.replaceState(null, "", location.pathname);
  newcomers.postMessage(fragment);
  return true;
}

function useToken(value) {
  token = value;
  sessionStorage.setItem(TOKEN, value);
}

/** Call `changed` whenever a new address of this server is opened, in this tab or, while `wanted`, in another one. */
export function watchToken(changed, wanted) {
  takeToken();
  addEventListener("hashchange", () => takeToken() && changed());
  newcomers.addEventListener("message", ({ data }) => {
    if (typeof data !== "string" || data === token || !wanted()) return;
    useToken(data);
    changed();
  });
}

export const hasToken = () => token !== "";

/** Ask the server: GET, or POST where there is a body. Throws Away or Refused. */
export async function ask(path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response, answer;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    answer = await response.json();
  } catch (error) {
    if (response && !response.ok && response.status < 500) throw new Refused(response.status, {});
    throw new Away(error.message);
  }
  if (response.status >= 500) throw new Away(answer.error ?? `the server failed (${response.status})`);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** A path with the parameters that are not empty. */
export const withQuery = (path, parameters) =>
  `${path}?${new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""))}`;
