export { type Texts, texts } from './texts.ts';
export { web } from './web.ts';
