import nunjucks from 'nunjucks';
import { fill, link, scriptJson, tag } from './safe-html.ts';
import { TemplateLoader } from './template-loader.ts';

/** Turns a template and its variables into HTML; the only file that knows the engine's settings. */
export interface Renderer {
  render(template: string, variables: object): string;
  /** Renders a template given as text, such as an authenticator's own form (P144). */
  renderText(template: string, variables: object): string;
  has(template: string): boolean;
  /** Compiles it now, so that a mistake is found at start and not by a visitor. Throws what the engine says. */
  compile(template: string): void;
}

/** Templates are code of the operator; everything they show is escaped unless they say otherwise. */
export function createRenderer(siteFolders: readonly string[], shippedFolder: string): Renderer {
  const loader = new TemplateLoader(siteFolders, shippedFolder);
  const environment = new nunjucks.Environment(loader, {
    autoescape: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  environment.addFilter('json', scriptJson);
  environment.addFilter('fill', fill);
  environment.addFilter('tag', tag);
  environment.addFilter('link', link);
  return {
    render: (template, variables) => environment.render(template, variables),
    renderText: (template, variables) => environment.renderString(template, variables),
    has: (template) => loader.has(template),
    compile: (template) => void environment.getTemplate(template, true),
  };
}
