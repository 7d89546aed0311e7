import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOfRoute, routeOfEntry } from './route-body.ts';
import { pathOfSpec, specOfPath } from './route-paths.ts';

describe('spec and path (P427)', () => {
  it.each([
    ['/', '/'],
    ['/pre/', '/pre'],
    ['/user/ada/', '/user/ada'],
    ['/user/ada', '/user/ada'],
    ['/user/a@b~c/', '/user/a@b~c'],
    ['/user/a%40b/', '/user/a@b'],
    ["/user/o'neil/", '/user/o%27neil'],
    ['/user/%c3%a9/', '/user/%C3%A9'],
    ['/user/50%25/', '/user/50%25'],
  ])('%s is stored at %s', (spec, path) => {
    expect(pathOfSpec(spec, false)).toBe(path);
  });

  it('with host routing the first part is a host', () => {
    expect(pathOfSpec('ada.hub.example/user/ada/', true)).toBe('/ada.hub.example/user/ada');
    expect(pathOfSpec('/', true)).toBe('/');
    expect(specOfPath('/ada.hub.example/user/ada', true)).toBe('ada.hub.example/user/ada/');
    expect(specOfPath('/', true)).toBe('/');
  });

  it('refuses the form that does not go with host routing (P403)', () => {
    expect(() => pathOfSpec('/user/ada/', true)).toThrow('host name');
    expect(() => pathOfSpec('ada.hub.example/', false)).toThrow('slash');
  });

  // CHP resolves dot segments before it looks at the path: `/user/../` would replace the route of the hub.
  it.each(['/user/../', '/user/./', '/user/%2e%2e/', '/user/%2E/', '/user/.../'])('refuses %s', (spec) => {
    expect(() => pathOfSpec(spec, false)).toThrow(expect.objectContaining({ code: 'HUB_BAD_REQUEST' }));
  });

  it.each(['/user/%zz/', '/user/%/', '/user//', '//', '/user/a%2Fb/', '/user/%ff/'])('refuses %s', (spec) => {
    expect(() => pathOfSpec(spec, false)).toThrow(expect.objectContaining({ code: 'HUB_BAD_REQUEST' }));
  });

  it('any name comes back from the decoded key of the table', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/^\.+$|\//.test(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        const spec = specOfPath(`/${names.join('/')}`, false);
        const path = pathOfSpec(spec, false);
        expect(decodeURIComponent(path)).toBe(`/${names.join('/')}`);
        expect(specOfPath(decodeURIComponent(path), false)).toBe(spec);
        // The address as CHP parses it keeps every part.
        expect(new URL(`/api/routes${path}`, 'http://localhost').pathname).toBe(`/api/routes${path}`);
      }),
    );
  });
});

describe('what is stored (P405, P415, P427)', () => {
  it('is data, target and the mark of a hub', () => {
    const route = { spec: '/user/ada/', target: 'http://h:1', data: { user: 'ada' } };
    expect(bodyOfRoute(route)).toEqual({ user: 'ada', target: 'http://h:1', jupyterhub: true });
    expect(routeOfEntry('/user/ada', { ...bodyOfRoute(route), last_activity: 'now' }, false)).toEqual({
      ...route,
      data: { user: 'ada', last_activity: 'now' },
    });
  });

  it('may not use names of CHP', () => {
    expect(() => bodyOfRoute({ spec: '/a/', target: 'http://h:1', data: { target: 'x' } })).toThrow(
      '"target"',
    );
  });

  it('is nothing of a hub without the mark', () => {
    expect(routeOfEntry('/a', { target: 'http://h:1' }, false)).toBeNull();
    expect(routeOfEntry('/a', { jupyterhub: true }, false)).toBeNull();
    expect(routeOfEntry('/a', 'nonsense', false)).toBeNull();
  });

  it('loses the host CHP notes, and no other', () => {
    const entry = { target: 'http://h:1', jupyterhub: true, host: 'ada.example' };
    expect(routeOfEntry('/ada.example/x', entry, true)?.data).toEqual({});
    expect(routeOfEntry('/other.example', entry, true)?.data).toEqual({ host: 'ada.example' });
    expect(routeOfEntry('/ada.example', entry, false)?.data).toEqual({ host: 'ada.example' });
  });
});
