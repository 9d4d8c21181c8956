// @ts-check
/**
 * uPlot formats numbers in the browser's language when it is loaded. WebKitGTK says “C” where the system has none, which
 * Intl refuses. Import this module before uPlot.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}
