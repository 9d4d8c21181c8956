// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveUrl, historyUrl, routeOf, runUrl, taskUrl } from '../../../static/js/router.js';

for (const path of ['/', '/tasks', '/tasks/', '//']) {
  test(`${path} is the board`, () => assert.equal(routeOf(path).page, 'board'));
}

test('filters come with the board', () => {
  const route = routeOf('/', '?q=x&status=failed');
  assert.deepEqual(route, { page: 'board', filters: { q: 'x', statuses: ['failed'], agent: '' } });
});

test('a task has its page', () =>
  assert.deepEqual(routeOf('/tasks/0D22067B'), { page: 'task', id: '0d22067b', anchor: '', q: '', topic: '' }));

test('the filter of a history is in the address of its task', () => {
  for (const filter of [
    { q: '', topic: '' },
    { q: 'a b', topic: '' },
    { q: '', topic: 'tools' },
    { q: 'x', topic: 'status' },
  ]) {
    const { pathname, search } = new URL(historyUrl('a', filter), 'http://localhost');
    assert.deepEqual(routeOf(pathname, search), { page: 'task', id: 'a', anchor: '', ...filter });
  }
});

test('a place on the page of a task, and the archive, have addresses', () => {
  assert.deepEqual(routeOf('/tasks/a', '', '#run-b'), { page: 'task', id: 'a', anchor: 'run-b', q: '', topic: '' });
  assert.deepEqual(routeOf('/archive', '?q=a%20b'), { page: 'archive', q: 'a b' });
  assert.deepEqual(
    [archiveUrl('a b'), archiveUrl(''), runUrl('a', 'b')],
    ['/archive?q=a+b', '/archive', '/tasks/a#run-b'],
  );
});

test('the range of the insights is in their address', () => {
  assert.deepEqual(routeOf('/insights', '?days=90'), { page: 'insights', days: 90 });
  assert.deepEqual(routeOf('/insights'), { page: 'insights', days: 30 });
});

for (const path of ['/agents/x/y', '/tasks/a/b', '/settings/x', '/providers/%E0', '/nonsense']) {
  test(`${path} is nothing`, () => assert.deepEqual(routeOf(path), { page: 'notfound', path }));
}

test('an id is encoded', () => assert.equal(taskUrl('a/b'), '/tasks/a%2Fb'));

for (const page of /** @type {const} */ (['agents', 'providers'])) {
  test(`${page} have a list, a page each, and one for a new one`, () => {
    assert.deepEqual(routeOf(`/${page}`), { page, name: null, isNew: false });
    assert.deepEqual(routeOf(`/${page}`, '?new'), { page, name: null, isNew: true });
    assert.deepEqual(routeOf(`/${page}/gpt-4.1`), { page, name: 'gpt-4.1', isNew: false });
  });
}

for (const page of ['settings', 'workspaces'])
  test(`/${page} is a page`, () => assert.deepEqual(routeOf(`/${page}/`), { page }));
