// @ts-check
/** What the server tells the page in `<meta name="chorus-config">`. */

/** @typedef {{webSocketUrl: string, build: string|null, openToNetwork: boolean}} PageConfig */

/**
 * @param {Pick<Document, 'querySelector'>} document
 * @param {Pick<Location, 'protocol'|'hostname'|'port'>} location
 * @returns {PageConfig}
 */
export function readConfig(document = globalThis.document, location = globalThis.location) {
  const told = parse(document.querySelector('meta[name="chorus-config"]')?.getAttribute('content'));
  return {
    webSocketUrl: told.webSocketUrl || neighbourPort(location),
    build: told.build ?? null,
    openToNetwork: told.openToNetwork ?? false,
  };
}

/** The rule of the ports: WebSocket on N + 1. @param {Pick<Location, 'protocol'|'hostname'|'port'>} location */
function neighbourPort({ protocol, hostname, port }) {
  const secure = protocol === 'https:';
  return `${secure ? 'wss' : 'ws'}://${hostname}:${Number(port || (secure ? 443 : 80)) + 1}/ws`;
}

/**
 * @param {string|null|undefined} content
 * @returns {Partial<PageConfig>}
 */
function parse(content) {
  try {
    return JSON.parse(content || '{}');
  } catch {
    return {};
  }
}
