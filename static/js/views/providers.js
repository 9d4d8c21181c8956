// @ts-check
/** Providers: the list, one of them, or a new one, by the address. */

import { createProvider } from './registry/provider.js';
import { createProviderList } from './registry/provider-list.js';

/** @import {App, View} from '../app.js' */
/** @import {RegistryRoute} from '../router.js' */

/**
 * @param {App} app
 * @param {RegistryRoute} route
 * @returns {View}
 */
export const createProviders = (app, { name, isNew }) =>
  name === null && !isNew ? createProviderList(app) : createProvider(app, name);
