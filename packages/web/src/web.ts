import path from 'node:path';
import { definePlugin, HubError, Pages } from '@hub/core/plugin';
import { folderHash } from './assets.ts';
import type { Look } from './page-variables.ts';
import { createPages, pageTemplates } from './pages.ts';
import { createRenderer, type Renderer } from './renderer.ts';
import { withTexts } from './texts.ts';

// One level below the package's root, both as source and as built.
const packageFolder = path.resolve(import.meta.dirname, '..');

/**
 * The pages of a hub: templates, styles and scripts, light and dark, without anything from another origin.
 *
 * @example
 * plugins: [web({ brandColor: '#8a1538', templatePaths: ['./templates'] })]
 */
export const web = definePlugin({
  name: '@hub/web',
  version: '0.1.0',
  api: 1,
  provides: Pages,
  options: {
    type: 'object',
    properties: {
      templatePaths: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Folders with templates of the site; the first that has one wins.',
      },
      templateVars: {
        type: 'object',
        additionalProperties: true,
        default: {},
        description: 'More variables for templates; functions are called with the viewer, or null.',
      },
      logoFile: {
        type: 'string',
        default: '',
        description: 'Image in place of the logo: SVG or PNG, 28 px high.',
      },
      brandColor: {
        type: 'string',
        pattern: '^(#[0-9a-fA-F]{6})?$',
        default: '',
        description: 'The one colour of the site, such as `#8a1538`; kept readable in light and dark.',
      },
      language: { type: 'string', default: 'en', description: 'Language of the texts, as in `<html lang>`.' },
      texts: {
        type: 'object',
        additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
        default: {},
        description: 'Texts in place of the shipped ones, by section and key.',
      },
      footerLinks: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, href: { type: 'string' } },
          required: ['name', 'href'],
          additionalProperties: false,
        },
        default: [],
        description: 'Links at the foot of every page: help, status.',
      },
      announcement: { type: 'string', default: '', description: 'HTML shown on every page.' },
      announcementLogin: {
        type: 'string',
        default: '',
        description: 'HTML in its place on the sign-in page.',
      },
      announcementSpawn: {
        type: 'string',
        default: '',
        description: 'HTML in its place on the options form.',
      },
      announcementHome: { type: 'string', default: '', description: 'HTML in its place on the home page.' },
      announcementLogout: {
        type: 'string',
        default: '',
        description: 'HTML in its place after logging out.',
      },
    },
    additionalProperties: false,
  },
  create: ({ options, lifecycle }): Pages => {
    const folder = path.join(packageFolder, 'assets');
    const renderer = createRenderer(options.templatePaths, path.join(packageFolder, 'templates'));
    const look: Look = {
      texts: withTexts(options.texts),
      language: options.language,
      brandColor: options.brandColor,
      footerLinks: options.footerLinks,
      templateVars: { ...options.templateVars },
      announcements: {
        '': options.announcement,
        login: options.announcementLogin,
        spawn: options.announcementSpawn,
        home: options.announcementHome,
        logout: options.announcementLogout,
      },
      versionHash: folderHash(folder),
      ownLogo: options.logoFile !== '',
    };
    lifecycle.onStart(() => checkTemplates(renderer));
    return {
      ...createPages(renderer, look),
      assets: {
        folder,
        hash: look.versionHash,
        logoFile: options.logoFile ? path.resolve(options.logoFile) : path.join(folder, 'logo.svg'),
        faviconFile: path.join(folder, 'favicon.svg'),
      },
    };
  },
});

/** A mistake in a site's template is told at start, by name, and not to the first visitor. */
function checkTemplates(renderer: Renderer): void {
  for (const template of pageTemplates) {
    try {
      renderer.compile(template);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new HubError('HUB_START_FAILED', `Template ${template} cannot be used: ${what}`, {
        cause,
        hint: 'Mend the file in one of the folders of templatePaths, or remove it to get the shipped one.',
      });
    }
  }
}
