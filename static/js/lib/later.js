// @ts-check
/** Something that is fetched once, when it is first wanted. */

/**
 * @template T
 * @param {() => Promise<T>} load
 * @param {(error: unknown) => void} onFailure
 */
export function createLater(load, onFailure) {
  /** @type {Promise<T>|null} */
  let loading = null;
  /** @type {T|null} */
  let value = null;

  async function start() {
    try {
      value = await load();
      return value;
    } catch (error) {
      loading = null;
      throw error;
    }
  }

  const get = () => (loading ??= start());

  return {
    /** Null until it is there. */
    get value() {
      return value;
    },
    /** Without telling anybody when it fails: whoever uses it is told. */
    prepare: () => void get().catch(() => {}),
    /** At once when it is there. @param {(value: T) => void} action */
    use(action) {
      if (value) action(value);
      else get().then(action, onFailure);
    },
  };
}
